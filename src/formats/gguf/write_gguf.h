#pragma once

#include <string>

#include "formats/format.h"

namespace adze::formats {

/// Writes GGUF version 3. The keys of a model that was read from GGUF are written as they were, in their order; a model
/// from another format first gets the keys that GGUF readers expect (complete_for_gguf).
/// Error(unsupported) for a tensor that GGUF cannot hold.
void write_gguf(const model::Model& model, const std::string& path, const WriteOptions& options = {});

}  // namespace adze::formats
