#include "evaluate/speed.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "runtime/sampler.h"

namespace adze::evaluate {
namespace {

using runtime::SequenceId;
using runtime::Session;

// Tokens spread over the vocabulary: timing must not depend on what the text says.
std::vector<int32_t> spread_tokens(int64_t count, int64_t vocabulary) {
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < count; ++i) tokens.push_back(static_cast<int32_t>((i * 7919 + 17) % vocabulary));
  return tokens;
}

struct Round {
  double prompt_seconds = 0;
  double first_token_seconds = 0;
  double generation_seconds = 0;
};

Round run_round(Session& session, const SpeedOptions& options) {
  const int64_t vocabulary = session.model().vocabulary();
  const SequenceId sequence = session.add_sequence();
  if (options.depth > 0) session.feed(sequence, spread_tokens(options.depth, vocabulary));
  Round round;
  runtime::Sampler sampler({.temperature = 0});
  int64_t start_ns = now_ns();
  const auto prompt = spread_tokens(std::max<int64_t>(1, options.prompt_tokens), vocabulary);
  auto logits = session.feed(sequence, prompt);
  round.prompt_seconds = seconds_since(start_ns);
  int32_t token = sampler.sample(logits);
  round.first_token_seconds = seconds_since(start_ns);
  start_ns = now_ns();
  for (int64_t i = 0; i < options.generated_tokens; ++i) token = sampler.sample(session.feed(sequence, {&token, 1}));
  round.generation_seconds = seconds_since(start_ns);
  session.remove_sequence(sequence);
  return round;
}

void check_room(const Session& session, const SpeedOptions& options) {
  const int64_t needed = options.depth + std::max<int64_t>(1, options.prompt_tokens) + options.generated_tokens;
  if (options.rounds < 1 || options.prompt_tokens < 0 || options.generated_tokens < 0 || options.depth < 0 ||
      needed > session.cache().capacity_tokens()) {
    fail(ErrorCode::bad_input, "{} rounds of {} tokens do not fit a context of {}", options.rounds, needed,
         session.cache().capacity_tokens());
  }
}

}  // namespace

double Timings::median() const {
  if (seconds.empty()) return 0;
  auto sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  const size_t middle = sorted.size() / 2;
  return sorted.size() % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double Timings::fastest() const { return seconds.empty() ? 0 : *std::min_element(seconds.begin(), seconds.end()); }
double Timings::slowest() const { return seconds.empty() ? 0 : *std::max_element(seconds.begin(), seconds.end()); }

SpeedResult measure_speed(Session& session, const SpeedOptions& options, Progress& progress) {
  check_room(session, options);
  SpeedResult result;
  for (int64_t index = 0; index <= options.rounds; ++index) {
    throw_if_cancelled(progress);
    const Round round = run_round(session, options);
    progress.update("rounds", static_cast<uint64_t>(index), static_cast<uint64_t>(options.rounds));
    if (index == 0) continue;  // warm-up
    result.prompt.seconds.push_back(round.prompt_seconds);
    result.first_token.seconds.push_back(round.first_token_seconds);
    result.generation.seconds.push_back(round.generation_seconds);
  }
  const auto rate = [](int64_t tokens, const Timings& timings) {
    return tokens > 0 ? static_cast<double>(tokens) / timings.median() : 0.0;
  };
  result.prompt_tokens_per_second = rate(options.prompt_tokens, result.prompt);
  result.generated_tokens_per_second = rate(options.generated_tokens, result.generation);
  return result;
}

}  // namespace adze::evaluate
