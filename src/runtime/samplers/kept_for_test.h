// For tests: what a sampler leaves of some logits.
#pragma once

#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {

using Probabilities = std::map<int32_t, double>;

inline constexpr float kForbiddenForTest = -std::numeric_limits<float>::infinity();

/// Of those that are not forbidden.
inline Probabilities probabilities_of(Candidates candidates) {
  Probabilities probabilities;
  for (const Candidate& candidate : candidates.list()) {
    if (candidate.logit == kForbiddenForTest) continue;
    probabilities[candidate.token] =
        std::exp(double{candidate.logit} - candidates.best_logit()) / candidates.total_weight();
  }
  return probabilities;
}

/// What the sampler leaves of the logits after a text; everything, if these options leave it without effect.
inline Probabilities left_by(const SamplerKind& kind, const SamplerOptions& options, const std::vector<float>& logits,
                             const std::vector<int32_t>& text = {}) {
  check(options);
  Candidates candidates;
  candidates.assign(logits);
  Random random(1);
  if (const auto step = kind.make(options)) {
    for (const int32_t token : text) step->accept(token);
    step->apply(candidates, random);
  }
  return probabilities_of(candidates);
}

inline std::set<int32_t> tokens_of(const Probabilities& probabilities) {
  std::set<int32_t> tokens;
  for (const auto& [token, probability] : probabilities) tokens.insert(token);
  return tokens;
}

/// Logits of tokens that have these probabilities.
inline std::vector<float> logits_of(const std::vector<double>& probabilities) {
  std::vector<float> logits;
  for (const double probability : probabilities) logits.push_back(static_cast<float>(std::log(probability)));
  return logits;
}

}  // namespace adze::runtime
