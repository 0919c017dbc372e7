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
  TextScore change;                   // of the loss, candidate minus reference: what errors of ratios come from
  int64_t same_top = 0;               // positions where both find the same token most likely
  double probability_square_sum = 0;  // of p_candidate(token) - p_reference(token)
  int64_t chunks = 0;
  double seconds = 0;
  /// The part of the mean that a reference that is not kept in full hides, estimated, and the estimate's standard
  /// error.
  double left_out = 0;
  double left_out_error = 0;

  double mean_divergence() const;
  double mean_divergence_error() const;  // standard error
  double divergence_quantile(double share) const;
  double top_agreement() const;
  double top_agreement_error() const;
  double rms_probability_change() const;
  double perplexity_ratio() const;  // candidate / reference
  double perplexity_ratio_error() const;
};

/// What two distributions over the vocabulary have to do with each other where `target` came next.
struct PositionDivergence {
  double candidate_loss;  // -log p(target)
  double reference_loss;
  double divergence;
  bool same_top;
};
void add_position(DivergenceResult& result, const PositionDivergence& position);
/// Adds the positions of a batch, on all threads of the pool. REQUIRES: both have a row for each target.
void add_rows(DivergenceResult& result, const runtime::Logits& candidate, const runtime::Logits& reference,
              std::span<const int32_t> targets, ThreadPool& pool);
/// Throws Error(bad_input) where they differ.
void require_same_vocabulary(int64_t candidate, int64_t reference);
/// REQUIRES: all positions were added.
void finish(DivergenceResult& result);

/// REQUIRES: both sessions' models have the same vocabulary; Error(bad_input) otherwise.
DivergenceResult measure_divergence(runtime::Session& candidate, runtime::Session& reference,
                                    std::span<const int32_t> tokens, const TextOptions& options, Progress& progress);

}  // namespace adze::evaluate
