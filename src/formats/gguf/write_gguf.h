#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/format.h"

namespace adze::formats {

/// Writes GGUF version 3. The keys of a model that was read from GGUF are written as they were, in their order; a model
/// from another format first gets the keys that GGUF readers expect (complete_for_gguf).
/// With a limit in the options that asks for more than one file, "model.gguf" becomes "model-00001-of-00003.gguf" and
/// so on; all of them appear when all are complete. Error(unsupported) for a tensor that GGUF cannot hold.
void write_gguf(const model::Model& model, const std::string& path, const WriteOptions& options = {});

struct PlannedFile {
  std::string path;
  uint64_t bytes;
  size_t tensors;
};

/// The files that write_gguf would write, with their exact sizes.
std::vector<PlannedFile> plan_gguf_files(const model::Model& model, const std::string& path,
                                         const WriteOptions& options = {});

}  // namespace adze::formats
