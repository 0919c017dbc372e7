// Only those whose surprise is nearest to the expected one, until they reach a share P (Meister et al. 2023, "Locally
// Typical Sampling").
//
// The surprise of a token is -log p = log Z - logit, the expected one is the entropy log Z - E[logit]: their distance
// is that of the logit from the mean logit, and no logarithm is needed.
#include <cmath>

#include "runtime/samplers/sampler_step.h"
#include "runtime/samplers/share_limit.h"

namespace adze::runtime {
namespace {

constexpr SamplerParameter kParameters[] = {
    {.name = "typical_p",
     .flags = "--typical,--typical-p",
     .meaning = "only those of about the expected surprise that make up this share; 1: no limit",
     .field = &SamplerOptions::typical_p,
     .above_minimum = true,
     .generation_key = "typical_p"},
};

double mean_logit(Candidates& candidates) {
  const double best = candidates.best_logit();
  const auto weights = candidates.weights();
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0) sum += weights[i] * (candidates.list()[i].logit - best);
  }
  return best + sum / candidates.total_weight();
}

class TypicalPStep : public SamplerStep {
 public:
  TypicalPStep(double share, int64_t min_keep)
      : limit_{.share = share, .is_exceeded = true, .min_keep = static_cast<size_t>(min_keep)} {}

  void apply(Candidates& candidates, Random&) override {
    const double mean = mean_logit(candidates);
    const auto distance = [&](const Candidate& candidate) { return std::abs(candidate.logit - mean); };
    const auto last = last_within_share(candidates, limit_, distance);
    if (!last) return;
    candidates.keep_if(
        [&](const Candidate& candidate) { return !comes_before(*last, {distance(candidate), 0, candidate}); });
  }

 private:
  ShareLimit limit_;
};

std::unique_ptr<SamplerStep> make(const SamplerOptions& options) {
  return options.typical_p < 1 ? std::make_unique<TypicalPStep>(options.typical_p, options.min_keep) : nullptr;
}

}  // namespace

constinit const SamplerKind typical_p_sampler = {
    .name = "typ_p",
    .summary = "only those of about the expected surprise (locally typical)",
    .place = SamplerPlace::in_order,
    .parameters = kParameters,
    .make = make,
};

}  // namespace adze::runtime
