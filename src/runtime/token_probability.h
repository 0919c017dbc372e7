// How likely a model finds the tokens that may come next.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace adze::runtime {

struct TokenProbability {
  int32_t token;
  float log_probability;  // natural logarithm; minus infinity: impossible
};

/// Of `token`, then of the `top` likeliest (all of the vocabulary at most) by falling probability, of equals the lower
/// id first: the logarithm of the softmax of all logits. NaN counts as impossible.
std::vector<TokenProbability> log_probabilities(std::span<const float> logits, int32_t token, int64_t top);

}  // namespace adze::runtime
