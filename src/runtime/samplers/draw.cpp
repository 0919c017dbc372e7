// Draws a token: each as often as its probability says.
#include "runtime/samplers/draw.h"

#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {

Candidate draw_from(Candidates& candidates, Random& random) {
  const auto weights = candidates.weights();
  double left = random.uniform() * candidates.total_weight();
  size_t taken = 0;  // rounding may leave a rest behind the last one that has a weight
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    taken = i;
    left -= weights[i];
    if (left < 0) break;
  }
  return candidates.list()[taken];
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
