// How well a model predicts a text.
#pragma once

#include <span>

#include "evaluate/scored_text.h"

namespace adze::evaluate {

/// Mean negative log likelihood per token, with the spread that its error bar needs.
struct TextScore {
  int64_t tokens = 0;
  double sum = 0;  // of -log p(token), in nats
  double square_sum = 0;

  void add(double negative_log_likelihood);
  double mean() const { return tokens ? sum / static_cast<double>(tokens) : 0; }
  double perplexity() const;
  /// Standard error of the perplexity, tokens taken as independent.
  double perplexity_error() const;
};

struct PerplexityResult {
  TextScore score;
  int64_t chunks = 0;
  double seconds = 0;
};

PerplexityResult measure_perplexity(runtime::Session& session, std::span<const int32_t> tokens,
                                    const TextOptions& options, Progress& progress);

}  // namespace adze::evaluate
