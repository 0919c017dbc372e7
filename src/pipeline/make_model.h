// A model file of random weights, as large and as fast as the real one of that shape.
#pragma once

#include <cstdint>
#include <string>

#include "base/progress.h"

namespace adze::pipeline {

struct MakeModelRequest {
  std::string shape = {};   // name in the table of shapes
  std::string target = {};  // a GGUF file
  std::string type = {};    // name of a mix: "Q4_0"
  uint64_t seed = 1;
  unsigned threads = 0;  // 0: one per processor; the bytes do not depend on it
};

struct MakeModelReport {
  int64_t weights = 0;
  int64_t tensor_bytes = 0;
  double seconds = 0;
};

/// Weights are drawn from N(0, 1 / inputs of the row), norms are 1, and tensors are stored as `quantize` would store
/// them. Rows are made and written chunk by chunk. Throws Error: not_found, unsupported, io, cancelled.
MakeModelReport make_model(const MakeModelRequest& request, Progress& progress = no_progress());

}  // namespace adze::pipeline
