#include "evaluate/perplexity.h"

#include <cmath>
#include <vector>

#include "base/clock.h"
#include "evaluate/log_softmax.h"

namespace adze::evaluate {

void TextScore::add(double negative_log_likelihood) {
  ++tokens;
  sum += negative_log_likelihood;
  square_sum += negative_log_likelihood * negative_log_likelihood;
}

double TextScore::perplexity() const { return std::exp(mean()); }

double TextScore::perplexity_error() const {
  if (tokens < 2) return 0;
  const auto count = static_cast<double>(tokens);
  const double variance = square_sum / count - mean() * mean();
  return perplexity() * std::sqrt(std::max(0.0, variance) / (count - 1));
}

PerplexityResult measure_perplexity(runtime::Session& session, std::span<const int32_t> tokens,
                                    const TextOptions& options, Progress& progress) {
  const int64_t start_ns = now_ns();
  PerplexityResult result;
  runtime::Session* const sessions[] = {&session};
  std::vector<double> losses;
  result.chunks = for_each_scored_batch(sessions, tokens, options, progress, [&](const ScoredRows& rows) {
    losses.resize(rows.targets.size());
    session.pool().for_each(losses.size(), [&](size_t i) {
      const auto logits = rows.logits[0].row(static_cast<int64_t>(i));
      losses[i] = log_sum_exp(logits) - logits[static_cast<size_t>(rows.targets[i])];
    });
    for (const double loss : losses) result.score.add(loss);
  });
  result.seconds = seconds_since(start_ns);
  return result;
}

}  // namespace adze::evaluate
