// Only those whose surprise is nearest to the expected one, until they reach a share P (Meister et al. 2023, "Locally
// Typical Sampling").
//
// The surprise of a token is -log p = log Z - logit, the expected one is the entropy log Z - E[logit]: their distance
// is that of the logit from the mean logit, and no logarithm is needed.
#include <cmath>

#include "runtime/samplers/exact_functions.h"
#include "runtime/samplers/sampler_step.h"
#include "runtime/samplers/sort_front.h"

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

struct Scored {
  double distance;  // of the logit from the mean
  Candidate candidate;
};

bool is_more_typical(const Scored& a, const Scored& b) {
  return a.distance < b.distance || (a.distance == b.distance && is_likelier(a.candidate, b.candidate));
}

class TypicalPStep : public SamplerStep {
 public:
  TypicalPStep(double share, int64_t min_keep) : share_(share), min_keep_(static_cast<size_t>(min_keep)) {}

  void apply(Candidates& candidates, Random&) override {
    score(candidates);
    const Scored last = last_kept(candidates.best_logit());
    candidates.keep_if([&](const Candidate& candidate) { return !is_more_typical(last, scored(candidate)); });
  }

 private:
  Scored scored(const Candidate& candidate) const { return {std::abs(candidate.logit - mean_), candidate}; }

  void score(const Candidates& candidates) {
    const double best = candidates.best_logit();
    double sum = 0;
    total_ = 0;
    for (const Candidate& candidate : candidates.list()) {
      const double weight = exact_exp(candidate.logit - best);
      total_ += weight;
      if (weight > 0) sum += weight * (candidate.logit - best);
    }
    mean_ = best + sum / total_;
    scored_.clear();
    for (const Candidate& candidate : candidates.list()) scored_.push_back(scored(candidate));
  }

  Scored last_kept(double best) {
    constexpr size_t kFirstSorted = 64;
    constexpr size_t kGrowth = 4;
    double covered = 0;
    for (size_t i = 0, sorted = 0; i < scored_.size(); ++i) {
      if (i == sorted) {
        sorted = std::min(scored_.size(), std::max(kFirstSorted, kGrowth * sorted));
        sort_front(scored_, i, sorted, is_more_typical);
      }
      covered += exact_exp(scored_[i].candidate.logit - best);
      if (covered > share_ * total_ && i + 1 >= min_keep_) return scored_[i];
    }
    return scored_.back();
  }

  double share_;
  size_t min_keep_;
  double mean_ = 0;
  double total_ = 0;
  std::vector<Scored> scored_;
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
