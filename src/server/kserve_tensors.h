// Tensors of KServe's inference protocol: in JSON, or as bytes behind it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "tensor/host_tensor.h"

namespace adze::server {

struct NamedTensor {
  std::string name;
  HostTensor tensor;
};

struct WantedOutput {
  std::string name;
  bool is_binary;
};

struct InferRequest {
  std::string id;
  std::vector<NamedTensor> inputs;
  std::vector<WantedOutput> outputs;  // empty: all
  bool wants_binary = false;          // of outputs that are not listed
};

/// `json_bytes`: how much of the body is JSON; the rest are tensors, in the order of the inputs that say so. None: all
/// is JSON. Throws RequestError.
InferRequest read_infer_request(std::string_view body, std::optional<size_t> json_bytes);

/// The answer's outputs, as a list of documents; bytes of those that are wanted so go to the end of `binary`. Throws
/// RequestError for outputs that are wanted and not there.
Json infer_outputs(const InferRequest& request, const std::vector<NamedTensor>& outputs, std::string& binary);

/// "FP32"; null: the protocol has no name for it, null stands for texts there.
std::optional<std::string_view> kserve_type_name(StorageType type);

}  // namespace adze::server
