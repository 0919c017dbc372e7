#include "runtime/sampler.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace adze::runtime {
namespace {

// The last step chooses: among one candidate only, if a step before it leaves only the best.
bool always_takes_the_best(std::span<const std::unique_ptr<SamplerStep>> chain) {
  for (const auto& step : chain.first(chain.size() - 1)) {
    if (step->effect_on_best() == EffectOnBest::leaves_only_it) return true;
    if (step->effect_on_best() == EffectOnBest::any) return false;
  }
  return false;
}

void check_biases(const std::vector<LogitBias>& biases) {
  for (const LogitBias& entry : biases) {
    if (entry.bias < std::numeric_limits<float>::infinity()) continue;  // neither NaN nor infinite
    fail(ErrorCode::bad_input, "logit_bias of token {} is {}, must be a number or -inf", entry.token, entry.bias);
  }
}

}  // namespace

void check(const SamplerOptions& options) {
  for (const SamplerKind* kind : all_samplers()) {
    for (const SamplerParameter& parameter : kind->parameters) parameter.check(options);
  }
  for (const SamplerParameter& parameter : shared_sampler_parameters()) parameter.check(options);
  samplers_named(options.samplers);
  check_biases(options.logit_biases);
}

Sampler::Sampler(const SamplerOptions& options) : random_(options.seed) {
  check(options);
  chain_ = sampler_chain(options);
  is_greedy_ = always_takes_the_best(chain_);
}

void Sampler::accept(int32_t token) {
  for (const auto& step : chain_) step->accept(token);
}

int32_t Sampler::sample(std::span<const float> logits) {
  if (is_greedy_) return most_likely(logits);
  const size_t few = chain_.front()->keeps_likeliest();
  few > 0 ? candidates_.assign_likeliest(logits, few) : candidates_.assign(logits);
  for (const auto& step : std::span(chain_).subspan(few > 0 ? 1 : 0)) step->apply(candidates_, random_);
  return candidates_.chosen();
}

}  // namespace adze::runtime
