// Only those whose logit is within N standard deviations of the best one (Tang et al. 2024, "Top-nσ: Not All Logits Are
// You Need").
#include <cmath>
#include <limits>

#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {
namespace {

constexpr SamplerParameter kParameters[] = {
    {.name = "top_n_sigma",
     .flags = "--top-nsigma,--top-n-sigma",
     .meaning = "only logits within N standard deviations of the best; 0 or less: no limit",
     .field = &SamplerOptions::top_n_sigma,
     .minimum = -1,
     .maximum = 1e6},
};

// What is forbidden counts neither for the mean nor for the deviation.
double standard_deviation(std::span<const Candidate> candidates) {
  double sum = 0;
  double count = 0;
  for (const Candidate& candidate : candidates) {
    if (std::isinf(candidate.logit)) continue;
    sum += candidate.logit;
    ++count;
  }
  double squares = 0;
  for (const Candidate& candidate : candidates) {
    if (std::isinf(candidate.logit)) continue;
    const double distance = candidate.logit - sum / count;
    squares += distance * distance;
  }
  return std::sqrt(squares / count);
}

class TopNSigmaStep : public SamplerStep {
 public:
  explicit TopNSigmaStep(double deviations) : deviations_(deviations) {}

  // The others are forbidden, not dropped: dynamic temperature goes on to count them, as llama.cpp's does.
  void apply(Candidates& candidates, Random&) override {
    const double least = candidates.best_logit() - deviations_ * standard_deviation(candidates.list());
    constexpr float kForbidden = -std::numeric_limits<float>::infinity();
    candidates.change_logits(true, [&](float logit) { return logit < least ? kForbidden : logit; });
  }
  EffectOnBest effect_on_best() const override { return EffectOnBest::keeps_it; }

 private:
  double deviations_;
};

std::unique_ptr<SamplerStep> make(const SamplerOptions& options) {
  return options.top_n_sigma > 0 ? std::make_unique<TopNSigmaStep>(options.top_n_sigma) : nullptr;
}

}  // namespace

constinit const SamplerKind top_n_sigma_sampler = {
    .name = "top_n_sigma",
    .summary = "only logits within N standard deviations of the best",
    .place = SamplerPlace::in_order,
    .parameters = kParameters,
    .make = make,
};

}  // namespace adze::runtime
