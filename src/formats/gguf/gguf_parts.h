// Which tensors go into which file of a GGUF model, and everything of each file but the numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/format.h"

namespace adze::formats {

struct GgufPart {
  std::string path;
  std::vector<const model::Tensor*> tensors;
  std::string header;  // without the padding behind it
  uint64_t alignment = 0;
  uint64_t bytes = 0;  // of the file
};

/// One part for one file, more where the options ask for it. REQUIRES: the model lives as long as the parts.
/// Error(unsupported) for a tensor that GGUF cannot hold, Error(bad_input) for too many files.
std::vector<GgufPart> plan_gguf_parts(const model::Model& model, const std::string& path, const WriteOptions& options);

}  // namespace adze::formats
