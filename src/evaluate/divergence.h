// How far a model's predictions are from those of a reference on a text.
#pragma once

#include <span>
#include <vector>

#include "evaluate/perplexity.h"

namespace adze::evaluate {

struct DivergenceResult {
  TextScore candidate;
  TextScore reference;
  /// KL(reference || candidate) of every scored position in nats, ascending.
  std::vector<double> divergences;
  int64_t same_top = 0;               // positions where both find the same token most likely
  double probability_square_sum = 0;  // of p_candidate(token) - p_reference(token)
  int64_t chunks = 0;
  double seconds = 0;

  double mean_divergence() const;
  double mean_divergence_error() const;  // standard error
  double divergence_quantile(double share) const;
  double top_agreement() const;
  double rms_probability_change() const;
};

/// REQUIRES: both sessions' models have the same vocabulary; Error(bad_input) otherwise.
DivergenceResult measure_divergence(runtime::Session& candidate, runtime::Session& reference,
                                    std::span<const int32_t> tokens, const TextOptions& options, Progress& progress);

}  // namespace adze::evaluate
