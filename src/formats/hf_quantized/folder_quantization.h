// What a Hugging Face folder says about its quantized weights, and where.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace adze::formats {

struct FolderQuantization {
  std::string method;  // "gptq", "awq", "compressed-tensors" …
  Json settings;       // the object
  std::string where;   // file and key, for messages
};

/// From config.json ("quantization_config", formerly "compression_config"), else from the files beside it that older
/// tools wrote: quantize_config.json of GPTQ, quant_config.json of AWQ. Empty for a folder of plain weights.
/// Error(bad_input) for what is no object, or does not name its method.
std::optional<FolderQuantization> folder_quantization(const std::string& path);

}  // namespace adze::formats
