// From one format to another, tensor by tensor, without ever holding the model in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "pipeline/memory_plan.h"
#include "pipeline/tensor_outcome.h"
#include "transforms/transform.h"

namespace adze::pipeline {

struct ConvertRequest {
  std::string source = {};
  std::string target = {};
  std::string format = {};                   // name in the table of formats; empty: by the target's name
  std::string dtype = "keep";                // f32, f16, bf16 or keep
  std::vector<std::string> transforms = {};  // by name, in their order
  std::vector<std::string> settings = {};    // of their parameters: "rotate.seed=7"
  bool require_exact = false;                // a value that would change is an error, and nothing is written
  bool allow_requantize = false;             // new codes for packed tensors where the target cannot hold theirs
  bool allow_mismatch = false;               // a source whose tokenizer is not what its conformance kit says
  uint64_t max_shard_bytes = 0;
  unsigned threads = 0;                                // 0: one per processor
  uint64_t max_memory_bytes = kDefaultMaxMemoryBytes;  // anonymous memory of the process; fewer threads where it asks
};

struct ConvertReport {
  std::string source_format;
  std::string target_format = {};
  std::vector<transforms::Fold> folds = {};  // what transforms did and could not do
  std::vector<TensorOutcome> tensors = {};
  int64_t bytes_read = 0;  // of tensors
  int64_t bytes_written = 0;
  double seconds = 0;

  /// The worst of all tensors: copied only if every tensor was.
  Fidelity fidelity() const;
  int64_t count(Fidelity fidelity) const;
};

/// Floating-point and quantized tensors are stored as `dtype` as far as the target's customs allow (GGUF keeps vectors
/// and norms in f32), integers as they are. The target appears complete or not at all.
/// Throws Error: not_found, bad_input, unsupported, io, out_of_memory, cancelled.
ConvertReport convert(const ConvertRequest& request, Progress& progress = no_progress());

}  // namespace adze::pipeline
