// Makes single tokens likelier, less likely or impossible.
#include <cmath>
#include <unordered_map>

#include "base/error.h"
#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {
namespace {

class LogitBiasStep : public SamplerStep {
 public:
  // What is said twice of a token adds up.
  explicit LogitBiasStep(const std::vector<LogitBias>& biases) {
    for (const LogitBias& entry : biases) {
      biases_[entry.token] += entry.bias;
      forbids_ = forbids_ || std::isinf(entry.bias);
    }
  }

  void apply(Candidates& candidates, Random&) override {
    candidates.change_logits_of(biases_, [](float& logit, double bias) { logit = as_logit(logit + bias); });
    if (forbids_ && std::isinf(candidates.best_logit())) {
      fail(ErrorCode::bad_input, "logit_bias forbids every token that is left");
    }
  }

 private:
  std::unordered_map<int32_t, double> biases_;
  bool forbids_ = false;
};

std::unique_ptr<SamplerStep> make(const SamplerOptions& options) {
  return options.logit_biases.empty() ? nullptr : std::make_unique<LogitBiasStep>(options.logit_biases);
}

}  // namespace

constinit const SamplerKind logit_bias_sampler = {
    .name = "logit_bias",
    .summary = "adds to the logits of single tokens",
    .place = SamplerPlace::first,
    .parameters = {},
    .make = make,
};

}  // namespace adze::runtime
