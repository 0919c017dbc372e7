// What can be set about choosing the next token.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace adze::runtime {

/// Added to the logit of a token; minus infinity: never that token.
struct LogitBias {
  int32_t token;
  float bias;
};

/// Samplers by name, in the order in which they are applied.
inline constexpr std::string_view kDefaultSamplers =
    "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature";

/// Defaults follow llama.cpp, whose users' habits they are. `all_samplers()` says what each number means and may be;
/// docs/sampling.md says it at length.
struct SamplerOptions {
  double temperature = 0.8;  // 0: always the most likely token
  double temperature_range = 0;
  double temperature_exponent = 1;
  int64_t top_k = 40;
  double top_p = 0.95;
  double min_p = 0.05;
  double typical_p = 1;
  double top_n_sigma = -1;
  double xtc_probability = 0;
  double xtc_threshold = 0.1;
  double repetition_penalty = 1.0;
  double presence_penalty = 0;
  double frequency_penalty = 0;
  int64_t repetition_window = 64;
  double dry_multiplier = 0;
  double dry_base = 1.75;
  int64_t dry_allowed_length = 2;
  int64_t dry_window = 64;
  int64_t mirostat = 0;
  double mirostat_tau = 5;
  double mirostat_eta = 0.1;
  double adaptive_target = -1;
  double adaptive_decay = 0.9;
  int64_t min_keep = 0;
  uint64_t seed = 0;
  std::string samplers{kDefaultSamplers};

  // Of the vocabulary: samplers/vocabulary_options.h makes them of texts.
  std::vector<LogitBias> logit_biases = {};
  std::vector<std::vector<int32_t>> dry_breakers = {};  // sequences of tokens at which repetitions end
};

/// Error(bad_input) naming the option that makes no sense.
void check(const SamplerOptions& options);

}  // namespace adze::runtime
