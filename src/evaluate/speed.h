// Tokens per second, measured: medians over rounds, never single figures.
#pragma once

#include <vector>

#include "base/progress.h"
#include "runtime/session.h"

namespace adze::evaluate {

struct SpeedOptions {
  int64_t prompt_tokens = 512;     // of one sequence; 0: not measured
  int64_t generated_tokens = 128;  // of each sequence; 0: not measured
  int64_t depth = 0;               // tokens that each sequence holds before, prompt and generation alike
  int64_t batch = 1;               // sequences that generate side by side
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
  Timings first_token;  // from the start of the prompt to the first sampled token
  Timings generation;   // of all generated tokens
  double prompt_tokens_per_second = 0;
  double generated_tokens_per_second = 0;  // over all sequences
};

/// Tokens of context that a session needs for these measurements.
int64_t context_for(const SpeedOptions& options);

/// Error(bad_input | out_of_memory) if the session has no room for it.
SpeedResult measure_speed(runtime::Session& session, const SpeedOptions& options, Progress& progress);

}  // namespace adze::evaluate
