// Exclude top choices: now and then, of all tokens above a threshold only the least likely one stays (p-e-w 2024,
// text-generation-webui #6335).
#include <algorithm>

#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {
namespace {

constexpr SamplerParameter kParameters[] = {
    {.name = "xtc_probability",
     .flags = "--xtc-probability",
     .meaning = "how often the most likely are excluded; 0: never",
     .field = &SamplerOptions::xtc_probability,
     .generation_key = "xtc_probability"},
    {.name = "xtc_threshold",
     .flags = "--xtc-threshold",
     .meaning = "probability from which on all but the least likely are excluded; above 0.5: off",
     .field = &SamplerOptions::xtc_threshold,
     .generation_key = "xtc_threshold"},
};

class XtcStep : public SamplerStep {
 public:
  explicit XtcStep(const SamplerOptions& options)
      : probability_(options.xtc_probability),
        threshold_(options.xtc_threshold),
        min_keep_(static_cast<size_t>(options.min_keep)) {}

  void apply(Candidates& candidates, Random& random) override {
    if (candidates.size() < 2 || random.uniform() > probability_) return;
    const double least_weight = threshold_ * candidates.total_weight();
    const auto above = static_cast<size_t>(std::ranges::count_if(
        candidates.weights(), [&](double weight) { return weight >= least_weight && weight > 0; }));
    if (above < 2 || candidates.size() - (above - 1) < min_keep_) return;
    const Candidate least = candidates.likeliest(above)[above - 1];
    candidates.keep_if([&](const Candidate& candidate) { return !is_likelier(candidate, least); });
  }

 private:
  double probability_;
  double threshold_;
  size_t min_keep_;
};

std::unique_ptr<SamplerStep> make(const SamplerOptions& options) {
  constexpr double kOff = 0.5;  // two tokens cannot both be above it
  const bool acts = options.xtc_probability > 0 && options.xtc_threshold <= kOff;
  return acts ? std::make_unique<XtcStep>(options) : nullptr;
}

}  // namespace

constinit const SamplerKind xtc_sampler = {
    .name = "xtc",
    .summary = "now and then excludes all top choices but the least likely",
    .place = SamplerPlace::in_order,
    .parameters = kParameters,
    .make = make,
};

}  // namespace adze::runtime
