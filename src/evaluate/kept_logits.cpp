#include "evaluate/kept_logits.h"

#include "base/clock.h"

namespace adze::evaluate {

KeptLogits::KeptLogits(runtime::Session& reference, std::span<const int32_t> tokens, const TextOptions& options,
                       Progress& progress)
    : tokens_(tokens.begin(), tokens.end()), options_(options), vocabulary_(reference.model().vocabulary()) {
  runtime::Session* const sessions[] = {&reference};
  for_each_scored_batch(sessions, tokens_, options_, progress, [&](const ScoredRows& rows) {
    const auto count = rows.targets.size() * static_cast<size_t>(vocabulary_);
    rows_.append(std::as_bytes(std::span(rows.logits[0].values, count)));
  });
}

DivergenceResult KeptLogits::compare(runtime::Session& candidate, Progress& progress) const {
  require_same_vocabulary(candidate.model().vocabulary(), vocabulary_);
  const int64_t start_ns = now_ns();
  DivergenceResult result;
  std::vector<float> reference;
  uint64_t offset = 0;
  runtime::Session* const sessions[] = {&candidate};
  result.chunks = for_each_scored_batch(sessions, tokens_, options_, progress, [&](const ScoredRows& rows) {
    const auto count = static_cast<int64_t>(rows.targets.size());
    reference.resize(static_cast<size_t>(count * vocabulary_));
    rows_.read(offset, std::as_writable_bytes(std::span(reference)));
    offset += reference.size() * sizeof(float);
    add_rows(result, rows.logits[0], {reference.data(), count, vocabulary_}, rows.targets, candidate.pool());
  });
  finish(result);
  result.seconds = seconds_since(start_ns);
  return result;
}

}  // namespace adze::evaluate
