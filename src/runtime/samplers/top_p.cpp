// Only the most likely that together reach a share P (Holtzman et al. 2020, "The Curious Case of Neural Text
// Degeneration"), the one that reaches it included.
#include "runtime/samplers/sampler_step.h"
#include "runtime/samplers/share_limit.h"

namespace adze::runtime {
namespace {

constexpr SamplerParameter kParameters[] = {
    {.name = "top_p",
     .flags = "--top-p",
     .meaning = "only the most likely that make up this share; 1: no limit",
     .field = &SamplerOptions::top_p,
     .above_minimum = true,
     .generation_key = "top_p"},
};

class TopPStep : public SamplerStep {
 public:
  TopPStep(double share, int64_t min_keep)
      : limit_{.share = share, .is_exceeded = false, .min_keep = static_cast<size_t>(min_keep)} {}

  void apply(Candidates& candidates, Random&) override {
    if (candidates.is_sorted()) return candidates.keep_likeliest(count_in_order(candidates));
    const double best = candidates.best_logit();
    const auto last =
        last_within_share(candidates, limit_, [&](const Candidate& candidate) { return best - candidate.logit; });
    if (!last) return;
    candidates.keep_if([&](const Candidate& candidate) { return !is_likelier(last->candidate, candidate); });
  }
  EffectOnBest effect_on_best() const override { return EffectOnBest::keeps_it; }

 private:
  size_t count_in_order(Candidates& candidates) const {
    const auto weights = candidates.weights();
    const double wanted = limit_.share * candidates.total_weight();
    double covered = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      covered += weights[i];
      if (covered >= wanted && i + 1 >= limit_.min_keep) return i + 1;
    }
    return weights.size();
  }

  ShareLimit limit_;
};

std::unique_ptr<SamplerStep> make(const SamplerOptions& options) {
  return options.top_p < 1 ? std::make_unique<TopPStep>(options.top_p, options.min_keep) : nullptr;
}

}  // namespace

constinit const SamplerKind top_p_sampler = {
    .name = "top_p",
    .summary = "only the most likely that together reach a share (nucleus)",
    .place = SamplerPlace::in_order,
    .parameters = kParameters,
    .make = make,
};

}  // namespace adze::runtime
