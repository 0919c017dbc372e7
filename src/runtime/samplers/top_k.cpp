// Only the K most likely (Fan, Lewis and Dauphin 2018, "Hierarchical Neural Story Generation").
#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {
namespace {

constexpr SamplerParameter kParameters[] = {
    {.name = "top_k",
     .flags = "--top-k",
     .meaning = "only the N most likely; 0: no limit",
     .field = &SamplerOptions::top_k,
     .maximum = 1 << 30,
     .generation_key = "top_k"},
};

class TopKStep : public SamplerStep {
 public:
  explicit TopKStep(int64_t count) : count_(static_cast<size_t>(count)) {}
  void apply(Candidates& candidates, Random&) override { candidates.keep_likeliest(count_); }
  EffectOnBest effect_on_best() const override { return EffectOnBest::keeps_it; }
  size_t keeps_likeliest() const override { return count_; }

 private:
  size_t count_;
};

std::unique_ptr<SamplerStep> make(const SamplerOptions& options) {
  return options.top_k > 0 ? std::make_unique<TopKStep>(options.top_k) : nullptr;
}

}  // namespace

constinit const SamplerKind top_k_sampler = {
    .name = "top_k",
    .summary = "only the K most likely",
    .place = SamplerPlace::in_order,
    .parameters = kParameters,
    .make = make,
};

}  // namespace adze::runtime
