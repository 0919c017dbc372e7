#pragma once

#include <span>

namespace adze::evaluate {

/// log(sum(exp(logits))), safe for large logits. NaN if any logit is.
double log_sum_exp(std::span<const float> logits);

}  // namespace adze::evaluate
