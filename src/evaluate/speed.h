// Tokens per second, measured: medians over rounds, never single figures.
#pragma once

#include <vector>

#include "base/progress.h"
#include "runtime/session.h"

namespace adze::evaluate {

struct SpeedOptions {
  int64_t prompt_tokens = 512;     // 0: not measured
  int64_t generated_tokens = 128;  // 0: not measured
  int64_t depth = 0;               // tokens already in the context
  int64_t rounds = 5;
};

/// Seconds of each round; the first, which warms caches up, is left out.
struct Timings {
  std::vector<double> seconds;
  double median() const;
  double fastest() const;
  double slowest() const;
};

struct SpeedResult {
  Timings prompt;       // of the whole prompt
  Timings first_token;  // from a cold context to the first sampled token
  Timings generation;   // of all generated tokens
  double prompt_tokens_per_second = 0;
  double generated_tokens_per_second = 0;
};

/// Error(bad_input) if the context has no room for depth + prompt + generation.
SpeedResult measure_speed(runtime::Session& session, const SpeedOptions& options, Progress& progress);

}  // namespace adze::evaluate
