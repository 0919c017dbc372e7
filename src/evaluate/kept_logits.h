// All logits of a reference on a text, computed once for any number of models that are compared with it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/scratch_file.h"
#include "evaluate/divergence.h"

namespace adze::evaluate {

class KeptLogits {
 public:
  /// Runs the text through `reference`; four bytes for each scored position and word of the vocabulary go to a
  /// ScratchFile. Throws as for_each_scored_batch() does, and Error(io).
  KeptLogits(runtime::Session& reference, std::span<const int32_t> tokens, const TextOptions& options,
             Progress& progress);

  /// What measure_divergence() finds with the reference's session, bit by bit if both have batches of the same size.
  /// Error(bad_input) where the vocabularies differ in size.
  DivergenceResult compare(runtime::Session& candidate, Progress& progress) const;

 private:
  std::vector<int32_t> tokens_;
  TextOptions options_;
  int64_t vocabulary_;
  ScratchFile rows_;
};

}  // namespace adze::evaluate
