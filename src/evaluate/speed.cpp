#include "evaluate/speed.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "evaluate/side_by_side.h"
#include "runtime/sampler.h"

namespace adze::evaluate {
namespace {

using runtime::Session;

constexpr int64_t kWarmUpTokens = 4;

struct Round {
  double prompt_seconds = 0;
  double first_token_seconds = 0;
  double generation_seconds = 0;
};

Round run_round(SideBySide& sequences, const SpeedOptions& options) {
  Round round;
  runtime::Sampler sampler({.temperature = 0});
  int64_t start_ns = now_ns();
  const auto logits = sequences.prompt(std::max<int64_t>(1, options.prompt_tokens));
  round.prompt_seconds = seconds_since(start_ns);
  sampler.sample(logits);
  round.first_token_seconds = seconds_since(start_ns);
  sequences.go_back_to(options.depth);
  start_ns = now_ns();
  sequences.generate(options.generated_tokens);
  round.generation_seconds = seconds_since(start_ns);
  sequences.go_back_to(options.depth);
  return round;
}

void check_options(const SpeedOptions& options) {
  if (options.rounds < 1 || options.prompt_tokens < 0 || options.generated_tokens < 0 || options.depth < 0) {
    fail(ErrorCode::bad_input, "{} rounds with {} and {} tokens behind {} cannot be measured", options.rounds,
         options.prompt_tokens, options.generated_tokens, options.depth);
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

int64_t context_for(const SpeedOptions& options) {
  const int64_t tokens = options.depth + std::max({int64_t{1}, options.prompt_tokens, options.generated_tokens});
  const int64_t page = runtime::KvCache::kPageTokens;  // sequences do not share pages
  return options.batch * ((tokens + page - 1) / page * page);
}

SpeedResult measure_speed(Session& session, const SpeedOptions& options, Progress& progress) {
  check_options(options);
  SideBySide sequences(session, options.batch);
  sequences.fill(options.depth);
  SpeedResult result;
  SpeedOptions warm_up = options;
  warm_up.generated_tokens = std::min(options.generated_tokens, kWarmUpTokens);
  for (int64_t index = 0; index <= options.rounds; ++index) {
    throw_if_cancelled(progress);
    const Round round = run_round(sequences, index == 0 ? warm_up : options);
    progress.update("rounds", static_cast<uint64_t>(index), static_cast<uint64_t>(options.rounds));
    if (index == 0) continue;
    result.prompt.seconds.push_back(round.prompt_seconds);
    result.first_token.seconds.push_back(round.first_token_seconds);
    result.generation.seconds.push_back(round.generation_seconds);
  }
  const auto rate = [](int64_t tokens, const Timings& timings) {
    return tokens > 0 ? static_cast<double>(tokens) / timings.median() : 0.0;
  };
  result.prompt_tokens_per_second = rate(options.prompt_tokens, result.prompt);
  result.generated_tokens_per_second = rate(options.generated_tokens * options.batch, result.generation);
  return result;
}

}  // namespace adze::evaluate
