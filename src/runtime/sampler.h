// Choosing the next token from logits.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/sampler_options.h"
#include "runtime/samplers/candidates.h"
#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {

/// A chain of samplers. The same options, logits and seed give the same tokens on every machine.
class Sampler {
 public:
  /// Throws what check() throws.
  explicit Sampler(const SamplerOptions& options);

  /// The next token for these logits. NaN and minus infinity are never taken; ties go to the lower id. Throws
  /// Error(bad_input) if nothing else is there.
  int32_t sample(std::span<const float> logits);
  /// Tells the sampler which token was taken or read, for what looks back.
  void accept(int32_t token);

  /// What the last token was chosen from; empty after the shortcut of temperature 0.
  const Candidates& candidates() const { return candidates_; }

 private:
  std::vector<std::unique_ptr<SamplerStep>> chain_;
  bool is_greedy_ = false;  // nothing in the chain can change which token is the most likely
  Random random_;
  Candidates candidates_;
};

}  // namespace adze::runtime
