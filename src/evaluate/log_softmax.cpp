#include "evaluate/log_softmax.h"

#include <algorithm>
#include <cmath>

namespace adze::evaluate {

double log_sum_exp(std::span<const float> logits) {
  const double best = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - best);
  return best + std::log(sum);
}

}  // namespace adze::evaluate
