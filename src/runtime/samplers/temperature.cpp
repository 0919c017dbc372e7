// Divides logits by a temperature: below 1 likely tokens gain, above 1 the others. With a range it follows the entropy
// of the candidates (kalomaze 2024, "dynamic temperature"): certain ones get the low end, undecided ones the high end.
#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/samplers/exact_functions.h"
#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {
namespace {

constexpr SamplerParameter kParameters[] = {
    {.name = "temperature",
     .flags = "--temp,--temperature",
     .meaning = "0: always the most likely token",
     .field = &SamplerOptions::temperature,
     .maximum = 1e6,
     .generation_key = "temperature"},
    {.name = "dynatemp_range",
     .flags = "--dynatemp-range",
     .meaning = "let entropy move the temperature so far up and down; 0: not",
     .field = &SamplerOptions::temperature_range,
     .maximum = 1e6},
    {.name = "dynatemp_exponent",
     .flags = "--dynatemp-exp",
     .meaning = "power of the normalized entropy in that",
     .field = &SamplerOptions::temperature_exponent,
     .maximum = 1e3},
};

// As share of the largest that so many candidates can have. REQUIRES: at least two.
double normalized_entropy(Candidates& candidates) {
  const double best = candidates.best_logit();
  const auto weights = candidates.weights();
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0) sum += weights[i] * (candidates.list()[i].logit - best);
  }
  const double total = candidates.total_weight();
  const double entropy = exact_log(total) - sum / total;
  return std::max(0.0, entropy / exact_log(static_cast<double>(candidates.size())));
}

void cool(Candidates& candidates, double temperature) {
  const double best = std::abs(static_cast<double>(candidates.best_logit()));
  const bool overflows = best > temperature * std::numeric_limits<float>::max();
  if (temperature == 0 || overflows) return candidates.keep_only(candidates.likeliest(1).front());
  candidates.change_logits(true, [&](float logit) { return as_logit(logit / temperature); });
}

class TemperatureStep : public SamplerStep {
 public:
  explicit TemperatureStep(const SamplerOptions& options)
      : temperature_(options.temperature), range_(options.temperature_range), exponent_(options.temperature_exponent) {}

  void apply(Candidates& candidates, Random&) override {
    if (range_ <= 0) return cool(candidates, temperature_);
    if (candidates.size() < 2) return;
    const double low = std::max(0.0, temperature_ - range_);
    const double high = temperature_ + range_;
    cool(candidates, low + (high - low) * exact_pow(normalized_entropy(candidates), exponent_));
  }
  EffectOnBest effect_on_best() const override {
    return temperature_ == 0 && range_ <= 0 ? EffectOnBest::leaves_only_it : EffectOnBest::keeps_it;
  }

 private:
  double temperature_;
  double range_;
  double exponent_;
};

std::unique_ptr<SamplerStep> make(const SamplerOptions& options) {
  const bool changes = options.temperature != 1 || options.temperature_range > 0;
  return changes ? std::make_unique<TemperatureStep>(options) : nullptr;
}

}  // namespace

constinit const SamplerKind temperature_sampler = {
    .name = "temperature",
    .summary = "sharpens or flattens probabilities, as entropy says with a range",
    .place = SamplerPlace::in_order,
    .parameters = kParameters,
    .make = make,
};

}  // namespace adze::runtime
