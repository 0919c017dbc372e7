#include "evaluate/reference_logits.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/clock.h"
#include "base/error.h"
#include "evaluate/log_softmax.h"

namespace adze::evaluate {
namespace {

constexpr double kLeastTail = 1e-9;  // below, nothing is drawn: it is what sums of floats leave

// The bits of a position's draws: splitmix64.
class Draws {
 public:
  explicit Draws(uint64_t position) : state_(position * 0x9e3779b97f4a7c15u) {}
  double next() {  // in [0, 1)
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t bits = state_;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return static_cast<double>((bits ^ (bits >> 31)) >> 11) * 0x1p-53;
  }

 private:
  uint64_t state_;
};

struct Recorded {
  ReferencePosition position;
  std::vector<TokenProbability> entries;
};

// The ids of the `count` largest logits, largest first, equal ones by id.
std::vector<uint32_t> most_likely(std::span<const float> logits, int64_t count) {
  std::vector<uint32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0u);
  const auto middle = ids.begin() + std::min(count, static_cast<int64_t>(ids.size()));
  std::partial_sort(ids.begin(), middle, ids.end(),
                    [&](uint32_t a, uint32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  ids.erase(middle, ids.end());
  return ids;
}

// One pass over the tail: the thresholds are in order, so each is met where the sum passes it.
void draw_from_tail(std::span<const float> logits, double norm, uint64_t seed, int64_t count, Recorded& recorded) {
  std::vector<char> is_kept(logits.size(), 0);
  for (const auto& entry : recorded.entries) is_kept[entry.token] = 1;
  Draws draws(seed);
  std::vector<double> thresholds;
  for (int64_t i = 0; i < count; ++i) thresholds.push_back(draws.next() * recorded.position.tail_mass);
  std::sort(thresholds.begin(), thresholds.end());
  double sum = 0;
  size_t met = 0;
  for (size_t id = 0; id < logits.size() && met < thresholds.size(); ++id) {
    if (is_kept[id]) continue;
    sum += std::exp(logits[id] - norm);
    for (; met < thresholds.size() && sum > thresholds[met]; ++met) {
      recorded.entries.push_back({static_cast<uint32_t>(id), static_cast<float>(logits[id] - norm)});
      ++recorded.position.drawn;
    }
  }
}

Recorded record_position(std::span<const float> logits, int32_t target, uint64_t seed, const RecordOptions& options) {
  Recorded recorded;
  const double norm = log_sum_exp(logits);
  recorded.position.loss = static_cast<float>(norm - logits[static_cast<size_t>(target)]);
  double mass = 0;
  for (const uint32_t id : most_likely(logits, options.most_kept)) {
    if (mass >= options.enough_mass) break;
    const double log_probability = logits[id] - norm;
    recorded.entries.push_back({id, static_cast<float>(log_probability)});
    mass += std::exp(log_probability);
  }
  recorded.position.kept = static_cast<uint32_t>(recorded.entries.size());
  const bool is_all = recorded.entries.size() == logits.size();
  recorded.position.tail_mass = is_all ? 0.0f : static_cast<float>(std::max(0.0, 1 - mass));
  if (recorded.position.tail_mass > kLeastTail) draw_from_tail(logits, norm, seed, options.drawn, recorded);
  return recorded;
}

struct TailEstimate {
  double mean = 0;
  double variance = 0;  // of the mean
};

struct ComparedPosition {
  PositionDivergence seen;
  TailEstimate left_out;
};

// Inside the tail, with r = q / p of a drawn token, r - 1 - log r has the divergence as its mean, because r has 1;
// unlike log(1 / r) alone it is never negative, and small where the divergence is.
TailEstimate estimate_tail(std::span<const TokenProbability> drawn, std::span<const float> logits, double tail_mass,
                           double log_offset) {
  if (drawn.size() < 2) return {};
  double sum = 0, squares = 0;
  for (const auto& [token, log_p] : drawn) {
    const double log_r = static_cast<double>(logits[token]) - log_offset - static_cast<double>(log_p);
    const double value = tail_mass * std::max(0.0, std::expm1(log_r) - log_r);
    sum += value;
    squares += value * value;
  }
  const auto count = static_cast<double>(drawn.size());
  const double mean = sum / count;
  return {mean, std::max(0.0, squares / count - mean * mean) / (count - 1)};
}

ComparedPosition compare_position(std::span<const float> logits, const ReferencePosition& position,
                                  std::span<const TokenProbability> entries, int32_t target) {
  const double norm = log_sum_exp(logits);
  double divergence = 0, kept_mass = 0;
  for (const auto& [token, log_p] : entries.first(position.kept)) {
    const double log_q = logits[token] - norm;
    divergence += std::exp(static_cast<double>(log_p)) * (log_p - log_q);
    kept_mass += std::exp(log_q);
  }
  ComparedPosition result{};
  if (position.tail_mass > kLeastTail) {
    const double tail = position.tail_mass;
    const double candidate_tail = std::max(kLeastTail, 1 - kept_mass);
    const double log_ratio = std::log(tail / candidate_tail);
    divergence += tail * log_ratio;
    result.left_out = estimate_tail(entries.subspan(position.kept), logits, tail, norm - log_ratio);
  }
  const auto top = std::max_element(logits.begin(), logits.end()) - logits.begin();
  divergence = std::max(0.0, divergence) + result.left_out.mean;
  result.seen = {norm - logits[static_cast<size_t>(target)], position.loss, divergence,
                 static_cast<uint32_t>(top) == entries.front().token};
  return result;
}

std::vector<size_t> first_entries(const ReferenceLogits& reference) {
  std::vector<size_t> first;
  size_t next = 0;
  for (const auto& position : reference.positions) {
    first.push_back(next);
    next += position.kept + position.drawn;
  }
  return first;
}

}  // namespace

ReferenceLogits record_reference(runtime::Session& session, std::span<const int32_t> tokens, const TextOptions& text,
                                 Progress& progress, const RecordOptions& options) {
  ReferenceLogits reference;
  reference.vocabulary = session.model().vocabulary();
  reference.options = text;
  runtime::Session* const sessions[] = {&session};
  std::vector<Recorded> rows;
  const int64_t chunks = for_each_scored_batch(sessions, tokens, text, progress, [&](const ScoredRows& batch) {
    rows.assign(batch.targets.size(), {});
    session.pool().for_each(rows.size(), [&](size_t i) {
      const uint64_t seed = reference.positions.size() + i;
      rows[i] = record_position(batch.logits[0].row(static_cast<int64_t>(i)), batch.targets[i], seed, options);
    });
    for (const auto& row : rows) {
      if (!std::isfinite(row.position.loss)) {
        fail(ErrorCode::bad_input, "{}: its logits are no numbers", session.model().model().source);
      }
      reference.positions.push_back(row.position);
      reference.entries.insert(reference.entries.end(), row.entries.begin(), row.entries.end());
    }
  });
  reference.options.max_chunks = chunks;
  reference.tokens.assign(tokens.begin(), tokens.begin() + chunks * text.context);
  return reference;
}

DivergenceResult measure_divergence(runtime::Session& candidate, const ReferenceLogits& reference, Progress& progress) {
  if (candidate.model().vocabulary() != reference.vocabulary) {
    fail(ErrorCode::bad_input, "the model cannot be compared with the reference: vocabularies of {} and {} tokens",
         candidate.model().vocabulary(), reference.vocabulary);
  }
  const int64_t start_ns = now_ns();
  const auto first = first_entries(reference);
  DivergenceResult result;
  double variance = 0;
  size_t done = 0;
  runtime::Session* const sessions[] = {&candidate};
  std::vector<ComparedPosition> rows;
  result.chunks =
      for_each_scored_batch(sessions, reference.tokens, reference.options, progress, [&](const ScoredRows& batch) {
        rows.resize(batch.targets.size());
        candidate.pool().for_each(rows.size(), [&](size_t i) {
          const ReferencePosition& position = reference.positions.at(done + i);
          const auto entries = std::span(reference.entries).subspan(first[done + i], position.kept + position.drawn);
          rows[i] = compare_position(batch.logits[0].row(static_cast<int64_t>(i)), position, entries, batch.targets[i]);
        });
        for (const auto& row : rows) {
          add_position(result, row.seen);
          result.left_out += row.left_out.mean;
          variance += row.left_out.variance;
        }
        done += rows.size();
      });
  const auto count = static_cast<double>(std::max<size_t>(1, done));
  result.left_out /= count;
  result.left_out_error = std::sqrt(variance) / count;
  finish(result);
  result.seconds = seconds_since(start_ns);
  return result;
}

}  // namespace adze::evaluate
