#include "evaluate/divergence.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/clock.h"
#include "base/error.h"
#include "evaluate/log_softmax.h"

namespace adze::evaluate {
namespace {

PositionDivergence compare_position(std::span<const float> candidate, std::span<const float> reference,
                                    int32_t target) {
  const double candidate_norm = log_sum_exp(candidate);
  const double reference_norm = log_sum_exp(reference);
  double divergence = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    const double log_p = reference[i] - reference_norm;
    const double log_q = candidate[i] - candidate_norm;
    divergence += std::exp(log_p) * (log_p - log_q);
  }
  const auto top = [](std::span<const float> logits) {
    return std::max_element(logits.begin(), logits.end()) - logits.begin();
  };
  const auto index = static_cast<size_t>(target);
  return {candidate_norm - candidate[index], reference_norm - reference[index], std::max(0.0, divergence),
          top(candidate) == top(reference)};
}

}  // namespace

void add_position(DivergenceResult& result, const PositionDivergence& position) {
  result.candidate.add(position.candidate_loss);
  result.reference.add(position.reference_loss);
  result.change.add(position.candidate_loss - position.reference_loss);
  result.divergences.push_back(position.divergence);
  result.same_top += position.same_top;
  const double change = std::exp(-position.candidate_loss) - std::exp(-position.reference_loss);
  result.probability_square_sum += change * change;
}

void add_rows(DivergenceResult& result, const runtime::Logits& candidate, const runtime::Logits& reference,
              std::span<const int32_t> targets, ThreadPool& pool) {
  std::vector<PositionDivergence> positions(targets.size());
  pool.for_each(positions.size(), [&](size_t i) {
    const auto row = static_cast<int64_t>(i);
    positions[i] = compare_position(candidate.row(row), reference.row(row), targets[i]);
  });
  for (const auto& position : positions) add_position(result, position);
}

void require_same_vocabulary(int64_t candidate, int64_t reference) {
  if (candidate == reference) return;
  fail(ErrorCode::bad_input, "the models cannot be compared: vocabularies of {} and {} tokens", candidate, reference);
}

void finish(DivergenceResult& result) { std::sort(result.divergences.begin(), result.divergences.end()); }

double DivergenceResult::mean_divergence() const {
  if (divergences.empty()) return 0;
  const double sum = std::accumulate(divergences.begin(), divergences.end(), 0.0);
  return sum / static_cast<double>(divergences.size());
}

double DivergenceResult::mean_divergence_error() const {
  if (divergences.size() < 2) return 0;
  const double mean = mean_divergence();
  double square_sum = 0;
  for (const double value : divergences) square_sum += (value - mean) * (value - mean);
  const auto count = static_cast<double>(divergences.size());
  return std::sqrt(square_sum / (count - 1) / count);
}

double DivergenceResult::divergence_quantile(double share) const {
  if (divergences.empty()) return 0;
  const double place = share * static_cast<double>(divergences.size() - 1);
  const auto below = static_cast<size_t>(place);
  const auto above = std::min(below + 1, divergences.size() - 1);
  const double fraction = place - static_cast<double>(below);
  return divergences[below] * (1 - fraction) + divergences[above] * fraction;
}

double DivergenceResult::top_agreement() const {
  return divergences.empty() ? 0 : static_cast<double>(same_top) / static_cast<double>(divergences.size());
}

double DivergenceResult::top_agreement_error() const {
  if (divergences.empty()) return 0;
  const double share = top_agreement();
  return std::sqrt(share * (1 - share) / static_cast<double>(divergences.size()));
}

// Both models read the same tokens, so the ratio is known much better than either perplexity.
double DivergenceResult::perplexity_ratio() const { return change.perplexity(); }
double DivergenceResult::perplexity_ratio_error() const { return change.perplexity_error(); }

double DivergenceResult::rms_probability_change() const {
  return divergences.empty() ? 0 : std::sqrt(probability_square_sum / static_cast<double>(divergences.size()));
}

DivergenceResult measure_divergence(runtime::Session& candidate, runtime::Session& reference,
                                    std::span<const int32_t> tokens, const TextOptions& options, Progress& progress) {
  require_same_vocabulary(candidate.model().vocabulary(), reference.model().vocabulary());
  const int64_t start_ns = now_ns();
  DivergenceResult result;
  runtime::Session* const sessions[] = {&candidate, &reference};
  result.chunks = for_each_scored_batch(sessions, tokens, options, progress, [&](const ScoredRows& rows) {
    add_rows(result, rows.logits[0], rows.logits[1], rows.targets, candidate.pool());
  });
  finish(result);
  result.seconds = seconds_since(start_ns);
  return result;
}

}  // namespace adze::evaluate
