// Keeps the surprise of the text around a target (Basu et al. 2021, "Mirostat: A Neural Text Decoding Algorithm that
// Directly Controls Perplexity"). Version 1 estimates from the slope of the likeliest (Zipf's law) how many to keep;
// version 2 keeps all whose surprise is below a bound. What was taken moves the bound. Surprise is in bits.
#include <algorithm>
#include <cmath>

#include "runtime/samplers/draw.h"
#include "runtime/samplers/exact_functions.h"
#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {
namespace {

constexpr double kLn2 = 0x1.62e42fefa39efp-1;

constexpr SamplerParameter kParameters[] = {
    {.name = "mirostat",
     .flags = "--mirostat",
     .meaning = "1, 2: keep the surprise around a target instead of all samplers but temperature; 0: off",
     .field = &SamplerOptions::mirostat,
     .maximum = 2,
     .generation_key = "mirostat"},
    {.name = "mirostat_tau",
     .flags = "--mirostat-ent",
     .meaning = "the target, in bits",
     .field = &SamplerOptions::mirostat_tau,
     .maximum = 1e3,
     .generation_key = "mirostat_tau"},
    {.name = "mirostat_eta",
     .flags = "--mirostat-lr",
     .meaning = "how fast the bound follows",
     .field = &SamplerOptions::mirostat_eta,
     .maximum = 1e3,
     .generation_key = "mirostat_eta"},
};

class MirostatStep : public SamplerStep {
 public:
  explicit MirostatStep(const SamplerOptions& options)
      : version_(options.mirostat),
        tau_(options.mirostat_tau),
        eta_(options.mirostat_eta),
        bound_(2 * options.mirostat_tau) {}

  void apply(Candidates& candidates, Random& random) override {
    if (version_ == 1) {
      candidates.keep_likeliest(estimated_count(candidates));
    } else {
      keep_below_bound(candidates);
    }
    const Candidate taken = draw_from(candidates, random);
    const double surprise =
        (exact_log(candidates.total_weight()) - (taken.logit - static_cast<double>(candidates.best_logit()))) / kLn2;
    bound_ -= eta_ * (surprise - tau_);
    candidates.choose(taken.token);
  }

 private:
  // If p ~ 1 / rank^slope, so many of the likeliest have a mean surprise of about the bound.
  size_t estimated_count(Candidates& candidates) const {
    if (candidates.vocabulary() < 2) return 1;
    const double slope = estimated_slope(candidates);
    const double excess = slope - 1;
    const double log_vocabulary = exact_log(static_cast<double>(candidates.vocabulary()));
    const double denominator = 1 - exact_exp(-excess * log_vocabulary);
    const double log_scale = denominator == 0 ? -exact_log(log_vocabulary) : exact_log(excess / denominator);
    const double count = exact_exp((log_scale + bound_ * kLn2) / slope);
    return count < static_cast<double>(candidates.size()) ? std::max<size_t>(1, static_cast<size_t>(count))
                                                          : candidates.size();
  }

  // Least squares through the differences of neighbours' logits over those of their ranks' logarithms.
  static double estimated_slope(Candidates& candidates) {
    constexpr size_t kTokens = 100;
    const auto front = candidates.likeliest(kTokens);
    double products = 0;
    double squares = 0;
    for (size_t i = 0; i + 1 < front.size() && !std::isinf(front[i + 1].logit); ++i) {
      const double step = exact_log(static_cast<double>(i + 2) / static_cast<double>(i + 1));
      products += step * (static_cast<double>(front[i].logit) - front[i + 1].logit);
      squares += step * step;
    }
    constexpr double kFlat = 1e-9;
    return squares > 0 ? std::max(kFlat, products / squares) : kFlat;
  }

  void keep_below_bound(Candidates& candidates) const {
    const double best = candidates.best_logit();
    const double least = best + exact_log(candidates.total_weight()) - bound_ * kLn2;
    if (best < least) return candidates.keep_likeliest(1);
    candidates.keep_if([&](const Candidate& candidate) { return candidate.logit >= least; });
  }

  int64_t version_;
  double tau_;
  double eta_;
  double bound_;  // mu
};

std::unique_ptr<SamplerStep> make(const SamplerOptions& options) { return std::make_unique<MirostatStep>(options); }

}  // namespace

constinit const SamplerKind mirostat_sampler = {
    .name = "mirostat",
    .summary = "keeps the surprise of the text around a target",
    .place = SamplerPlace::last,
    .parameters = kParameters,
    .make = make,
};

}  // namespace adze::runtime
