#include "runtime/token_probability.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "runtime/samplers/candidates.h"
#include "runtime/samplers/exact_functions.h"

namespace adze::runtime {
namespace {

constexpr float kImpossible = -std::numeric_limits<float>::infinity();

// As samplers see it: never NaN or plus infinity.
float cleaned(float logit) { return std::isnan(logit) ? kImpossible : as_logit(logit); }

// log sum exp(logit).
double log_sum(std::span<const float> logits) {
  const double best = cleaned(largest(logits));
  if (best == kImpossible) return 0;
  double sum = 0;
  for (const float logit : logits) sum += exact_exp(cleaned(logit) - best);
  return best + exact_log(sum);
}

// The likeliest tokens in order.
std::vector<int32_t> likeliest(std::span<const float> logits, int64_t count) {
  std::vector<int32_t> tokens(logits.size());
  std::iota(tokens.begin(), tokens.end(), 0);
  const auto comes_first = [&](int32_t a, int32_t b) {
    return is_likelier({a, cleaned(logits[static_cast<size_t>(a)])}, {b, cleaned(logits[static_cast<size_t>(b)])});
  };
  const auto kept = std::min<std::ptrdiff_t>(count, std::ssize(tokens));
  std::partial_sort(tokens.begin(), tokens.begin() + kept, tokens.end(), comes_first);
  tokens.resize(static_cast<size_t>(kept));
  return tokens;
}

}  // namespace

std::vector<TokenProbability> log_probabilities(std::span<const float> logits, int32_t token, int64_t top) {
  const double total = log_sum(logits);
  const auto of = [&](int32_t id) {
    return TokenProbability{id, static_cast<float>(cleaned(logits[static_cast<size_t>(id)]) - total)};
  };
  std::vector<TokenProbability> probabilities{of(token)};
  if (top > 0) {
    for (const int32_t id : likeliest(logits, top)) probabilities.push_back(of(id));
  }
  return probabilities;
}

}  // namespace adze::runtime
