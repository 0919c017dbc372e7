// Prefers tokens whose probability is near a target, and moves the target against what was taken lately (llama.cpp
// #17927): what was taken is on average as likely as asked for.
#include <algorithm>
#include <cmath>

#include "runtime/samplers/draw.h"
#include "runtime/samplers/exact_functions.h"
#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {
namespace {

constexpr SamplerParameter kParameters[] = {
    {.name = "adaptive_target",
     .flags = "--adaptive-target",
     .meaning = "with adaptive_p among the samplers: prefer tokens of about this probability; below 0: none",
     .field = &SamplerOptions::adaptive_target,
     .minimum = -1},
    {.name = "adaptive_decay",
     .flags = "--adaptive-decay",
     .meaning = "weight of what was taken before, against the next: 0.9 remembers about 10 tokens",
     .field = &SamplerOptions::adaptive_decay,
     .maximum = 0.99},
};

class AdaptivePStep : public SamplerStep {
 public:
  explicit AdaptivePStep(const SamplerOptions& options)
      : target_(options.adaptive_target),
        decay_(options.adaptive_decay),
        sum_(options.adaptive_target / (1 - options.adaptive_decay)),
        weight_(1 / (1 - options.adaptive_decay)) {}

  void apply(Candidates& candidates, Random& random) override {
    if (target_ < 0) return candidates.choose(draw_from(candidates, random).token);
    const double best = candidates.best_logit();
    const double total = candidates.total_weight();
    originals_.assign(candidates.list().begin(), candidates.list().end());
    prefer(candidates, best, total);
    taken_ = draw_from(candidates, random).token;
    const auto original = std::ranges::find(originals_, taken_, &Candidate::token);
    taken_probability_ = exact_exp(original->logit - best) / total;
    candidates.choose(taken_);
  }

  // Only what was chosen here counts, not what was read or forced.
  void accept(int32_t token) override {
    if (token == taken_) {
      sum_ = taken_probability_ + decay_ * sum_;
      weight_ = 1 + decay_ * weight_;
    }
    taken_ = kNone;
  }

 private:
  static constexpr int32_t kNone = -1;

  // Quadratic near the target, falling steadily far from it.
  void prefer(Candidates& candidates, double best, double total) const {
    constexpr double kPeak = 5;
    constexpr double kSharpness = 10;
    constexpr double kWidth = 0.3;
    const double target = std::clamp(2 * target_ - sum_ / weight_, 0.0, 1.0);
    candidates.change_logits(false, [&](float logit) {
      if (std::isinf(logit)) return logit;
      const double distance = std::abs(exact_exp(logit - best) / total - target) / kWidth;
      return as_logit(kPeak - kSharpness * distance * distance / (1 + distance));
    });
  }

  double target_;
  double decay_;
  double sum_;     // of probabilities taken, the older the less
  double weight_;  // of ones in the same way
  std::vector<Candidate> originals_;
  int32_t taken_ = kNone;
  double taken_probability_ = 0;
};

std::unique_ptr<SamplerStep> make(const SamplerOptions& options) { return std::make_unique<AdaptivePStep>(options); }

}  // namespace

constinit const SamplerKind adaptive_p_sampler = {
    .name = "adaptive_p",
    .summary = "prefers tokens whose probability is near a target",
    .place = SamplerPlace::last_if_named,
    .parameters = kParameters,
    .make = make,
};

}  // namespace adze::runtime
