// A model whose weights are stored as the kernels of this machine read them, so that loading it is mapping it.
#pragma once

#include <cstdint>
#include <string>

#include "base/progress.h"

namespace adze::pipeline {

struct PrepareRequest {
  std::string source = {};
  std::string target = {};  // a GGUF file
  unsigned threads = 0;     // 0: one per processor; the bytes do not depend on it
};

struct PrepareReport {
  std::string layout;  // of the kernels
  int64_t layout_version = 0;
  int64_t packed_tensors = 0;
  int64_t tensors = 0;
  int64_t bytes_read = 0;  // of tensors
  int64_t bytes_written = 0;
  double seconds = 0;
};

/// Weights that kernels want packed are packed while they are written; those that are read as rows too (an embedding
/// that is also the output) are kept both ways. Nothing holds the whole model.
/// Throws Error: not_found, bad_input, unsupported (nothing here packs weights), io, cancelled.
PrepareReport prepare(const PrepareRequest& request, Progress& progress = no_progress());

}  // namespace adze::pipeline
