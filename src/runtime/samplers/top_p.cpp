// Only the most likely that together reach a share P (Holtzman et al. 2020, "The Curious Case of Neural Text
// Degeneration"), the one that reaches it included.
#include "runtime/samplers/exact_functions.h"
#include "runtime/samplers/sampler_step.h"

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
  TopPStep(double share, int64_t min_keep) : share_(share), min_keep_(static_cast<size_t>(min_keep)) {}

  // What is kept is usually short: so much of the vocabulary is ranked as it takes.
  void apply(Candidates& candidates, Random&) override {
    constexpr size_t kFirstRanked = 64;
    constexpr size_t kGrowth = 4;
    const double best = candidates.best_logit();
    const double wanted = share_ * candidates.total_weight();
    double covered = 0;
    size_t kept = 0;
    for (size_t ranked = kFirstRanked; kept < candidates.size(); ranked *= kGrowth) {
      const auto front = candidates.likeliest(ranked);
      while (kept < front.size()) {
        covered += exact_exp(front[kept++].logit - best);
        if (covered >= wanted && kept >= min_keep_) {
          candidates.keep_likeliest(kept);
          return;
        }
      }
    }
  }
  EffectOnBest effect_on_best() const override { return EffectOnBest::keeps_it; }

 private:
  double share_;
  size_t min_keep_;
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
