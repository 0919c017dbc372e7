// Draws a token: each as often as its probability says.
#include "runtime/samplers/draw.h"

#include "runtime/samplers/exact_functions.h"
#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {

Candidate draw_from(const Candidates& candidates, Random& random) {
  const double best = candidates.best_logit();
  double left = random.uniform() * candidates.total_weight();
  const Candidate* last = nullptr;  // rounding may leave a rest behind it
  for (const Candidate& candidate : candidates.list()) {
    const double weight = exact_exp(candidate.logit - best);
    if (weight == 0) continue;
    last = &candidate;
    left -= weight;
    if (left < 0) break;
  }
  return *last;
}

namespace {

class DrawStep : public SamplerStep {
 public:
  void apply(Candidates& candidates, Random& random) override {
    candidates.choose(draw_from(candidates, random).token);
  }
};

std::unique_ptr<SamplerStep> make(const SamplerOptions&) { return std::make_unique<DrawStep>(); }

}  // namespace

constinit const SamplerKind draw_sampler = {
    .name = "draw",
    .summary = "each token as often as its probability says",
    .place = SamplerPlace::last,
    .parameters = {},
    .make = make,
};

}  // namespace adze::runtime
