// One GGUF file into numbered parts, and back. Tensors are copied as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "formats/gguf/write_gguf.h"

namespace adze::pipeline {

struct SplitRequest {
  std::string source;      // a GGUF file, or any part of a model that is split already
  std::string target;      // "model.gguf", or "model": parts are called "model-00001-of-00003.gguf"
  uint64_t max_bytes = 0;  // of a file; 0: any. A tensor is never divided: one that is larger is alone in its part
  size_t max_tensors = 0;  // in a file; 0: any
  bool dry_run = false;    // say what would be written; nothing is
};

struct SplitReport {
  std::vector<formats::PlannedFile> files;
  size_t tensors = 0;
  double seconds = 0;
};

/// All parts appear when all are complete. REQUIRES: a limit. Error(unsupported) for other formats.
SplitReport split(const SplitRequest& request, Progress& progress = no_progress());

struct MergeRequest {
  std::string source;  // any of the parts
  std::string target;  // a GGUF file
};

struct MergeReport {
  size_t parts = 0;
  size_t tensors = 0;
  double seconds = 0;
};

/// Error(not_found) for a missing part; Error(bad_input) for parts that do not belong together.
MergeReport merge(const MergeRequest& request, Progress& progress = no_progress());

}  // namespace adze::pipeline
