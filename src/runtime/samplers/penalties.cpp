// Makes what was said lately less likely: a factor for having been said (Keskar et al. 2019, "CTRL"), an amount for
// having been said and an amount for each time (as OpenAI's interface has them).
#include <unordered_map>

#include "runtime/samplers/recent_tokens.h"
#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {
namespace {

constexpr SamplerParameter kParameters[] = {
    {.name = "repeat_penalty",
     .flags = "--repeat-penalty",
     .meaning = "divide the logits of what was said lately by this (multiply those below 0); 1: off",
     .field = &SamplerOptions::repetition_penalty,
     .maximum = 1e6,
     .above_minimum = true,
     .generation_key = "repetition_penalty"},
    {.name = "presence_penalty",
     .flags = "--presence-penalty",
     .meaning = "subtract this from the logits of what was said lately; 0: off",
     .field = &SamplerOptions::presence_penalty,
     .minimum = -1e6,
     .maximum = 1e6},
    {.name = "frequency_penalty",
     .flags = "--frequency-penalty",
     .meaning = "subtract this for each time that it was said lately; 0: off",
     .field = &SamplerOptions::frequency_penalty,
     .minimum = -1e6,
     .maximum = 1e6},
    {.name = "repeat_last_n",
     .flags = "--repeat-window,--repeat-last-n",
     .meaning = "how many tokens back is lately; 0: none",
     .field = &SamplerOptions::repetition_window,
     .maximum = 1 << 30,
     .generation_key = "penalty_last_n"},
};

class PenaltiesStep : public SamplerStep {
 public:
  explicit PenaltiesStep(const SamplerOptions& options)
      : factor_(options.repetition_penalty),
        presence_(options.presence_penalty),
        frequency_(options.frequency_penalty),
        recent_(options.repetition_window) {}

  void accept(int32_t token) override {
    if (recent_.is_full()) {
      const auto oldest = counts_.find(recent_.token(recent_.size() - 1));
      if (--oldest->second == 0) counts_.erase(oldest);
    }
    recent_.push(token);
    ++counts_[token];
  }

  void apply(Candidates& candidates, Random&) override {
    candidates.change_logits_of(counts_, [&](float& logit, int64_t count) {
      const double scaled = logit > 0 ? logit / factor_ : logit * factor_;
      logit = as_logit(scaled - (static_cast<double>(count) * frequency_ + presence_));
    });
  }

 private:
  double factor_;
  double presence_;
  double frequency_;
  RecentTokens recent_;
  std::unordered_map<int32_t, int64_t> counts_;
};

std::unique_ptr<SamplerStep> make(const SamplerOptions& options) {
  const bool changes =
      options.repetition_penalty != 1 || options.presence_penalty != 0 || options.frequency_penalty != 0;
  return changes && options.repetition_window > 0 ? std::make_unique<PenaltiesStep>(options) : nullptr;
}

}  // namespace

constinit const SamplerKind penalties_sampler = {
    .name = "penalties",
    .summary = "makes what was said lately less likely",
    .place = SamplerPlace::in_order,
    .parameters = kParameters,
    .make = make,
};

}  // namespace adze::runtime
