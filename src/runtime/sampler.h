// Choosing the next token from logits.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace adze::runtime {

/// Defaults follow llama.cpp, whose users' habits they are.
struct SamplerOptions {
  double temperature = 0.8;         // 0: always the most likely token
  int64_t top_k = 40;               // 0: no limit
  double top_p = 0.95;              // 1: no limit
  double min_p = 0.05;              // 0: no limit; share of the best token's probability
  double repetition_penalty = 1.0;  // 1: none (Keskar et al. 2019)
  int64_t repetition_window = 64;   // how many recent tokens are penalized
  uint64_t seed = 0;
};

/// Error(bad_input) naming the option that makes no sense.
void check(const SamplerOptions& options);

/// The same options, logits and seed give the same tokens on every machine.
class Sampler {
 public:
  explicit Sampler(const SamplerOptions& options);

  /// The next token for these logits. Ties go to the lower id. Throws Error(bad_input) if a logit is NaN everywhere.
  int32_t sample(std::span<const float> logits);
  /// Tells the sampler which token was taken or read, for the repetition penalty.
  void accept(int32_t token);

 private:
  struct Candidate {
    int32_t token;
    float logit;
  };
  int32_t most_likely(std::span<const float> logits) const;
  void gather(std::span<const float> logits);
  void penalize_repetitions();
  void sort_front(size_t sorted, size_t count);
  void keep_top_k();
  void keep_likely();
  int32_t draw();
  double next_uniform();

  SamplerOptions options_;
  uint64_t random_state_;
  std::deque<int32_t> recent_;
  std::vector<Candidate> candidates_;
  std::vector<double> weights_;  // of the candidates
};

}  // namespace adze::runtime
