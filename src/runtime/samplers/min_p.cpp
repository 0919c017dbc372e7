// Only those whose probability is at least a share of the likeliest one's (Nguyen et al. 2025, "Turning Up the Heat:
// Min-p Sampling for Creative and Coherent LLM Outputs").
#include <algorithm>

#include "runtime/samplers/exact_functions.h"
#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {
namespace {

constexpr SamplerParameter kParameters[] = {
    {.name = "min_p",
     .flags = "--min-p",
     .meaning = "only those with this share of the best one's probability; 0: no limit",
     .field = &SamplerOptions::min_p,
     .generation_key = "min_p"},
};

class MinPStep : public SamplerStep {
 public:
  MinPStep(double share, int64_t min_keep) : log_share_(exact_log(share)), min_keep_(static_cast<size_t>(min_keep)) {}

  // The probabilities themselves are not needed: their ratio is the exponential of the logits' difference.
  void apply(Candidates& candidates, Random&) override {
    const double least = candidates.best_logit() + log_share_;
    const auto is_kept = [&](const Candidate& candidate) { return candidate.logit >= least; };
    if (min_keep_ > 0) {
      const auto kept = static_cast<size_t>(std::ranges::count_if(candidates.list(), is_kept));
      if (kept < min_keep_) return candidates.keep_likeliest(min_keep_);
    }
    candidates.keep_if(is_kept);
  }
  EffectOnBest effect_on_best() const override { return EffectOnBest::keeps_it; }

 private:
  double log_share_;
  size_t min_keep_;
};

std::unique_ptr<SamplerStep> make(const SamplerOptions& options) {
  return options.min_p > 0 ? std::make_unique<MinPStep>(options.min_p, options.min_keep) : nullptr;
}

}  // namespace

constinit const SamplerKind min_p_sampler = {
    .name = "min_p",
    .summary = "only those with a share of the best one's probability",
    .place = SamplerPlace::in_order,
    .parameters = kParameters,
    .make = make,
};

}  // namespace adze::runtime
