#include "pipeline/optimize.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/format.h"
#include "pipeline/quantize.h"

namespace adze::pipeline {
namespace {

// Points of the field's usual trade-off; allocations are solved at their sizes.
constexpr std::string_view kMixes[] = {"Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K"};
constexpr std::string_view kUsualMix = "Q4_K_M";  // its size is the limit where none is given
constexpr int kSpeedSteps = 3;                    // of shrinking a solution until it is fast enough

class Optimizer {
 public:
  Optimizer(const OptimizeRequest& request, Progress& progress)
      : request_(request),
        progress_(progress),
        model_(formats::read_model(request.source)),
        runner_(model_, request.measuring, progress) {}

  OptimizeReport run() {
    const int64_t start = now_ns();
    for (const std::string_view mix : kMixes) count(runner_.try_mix(mix));
    for (const std::string_view mix : kMixes) count(runner_.try_budget({.max_bytes = runner_.trial_named(mix).bytes}));
    for (const Budget& budget : budgets_of_limits()) count(runner_.try_budget(budget));
    if (request_.limits.tokens_per_second > 0) search_speed();
    const Trial& chosen = judge();
    write(chosen);
    OptimizeReport report;
    report.chosen = chosen.name;
    report.trials = std::move(runner_.trials());
    report.reference_perplexity = runner_.reference_perplexity();
    report.reference_bytes = model_.tensors.byte_size();
    report.recipe_path = recipe_path();
    report.seconds = seconds_since(start);
    return report;
  }

 private:
  void count(const Trial&) {
    progress_.update("trials", runner_.trials().size(), 2 * std::size(kMixes) + budgets_of_limits().size());
  }

  // Running a model takes memory beside its weights, the same for all.
  int64_t bytes_beside_weights() const {
    const Trial& usual = runner_.trial_named(kUsualMix);
    return usual.memory_bytes - usual.bytes;
  }

  // The tightest limit of size.
  int64_t most_bytes() const {
    const OptimizeLimits& limits = request_.limits;
    int64_t bytes = limits.max_bytes ? limits.max_bytes : INT64_MAX;
    if (limits.bits_per_weight > 0) {
      const auto weights = static_cast<double>(model_.tensors.element_count());
      bytes = std::min(bytes, static_cast<int64_t>(limits.bits_per_weight * weights / 8));
    }
    if (limits.memory_bytes) bytes = std::min(bytes, limits.memory_bytes - bytes_beside_weights());
    return bytes;
  }

  std::vector<Budget> budgets_of_limits() const {
    std::vector<Budget> budgets;
    if (request_.limits.max_divergence > 0) budgets.push_back({.max_divergence = request_.limits.max_divergence});
    const bool limits_memory = request_.limits.memory_bytes && runner_.knows(kUsualMix);
    if (request_.limits.max_bytes || request_.limits.bits_per_weight > 0 || limits_memory) {
      budgets.push_back({.max_bytes = most_bytes()});
    }
    return budgets;
  }

  // Generation reads all weights for each token, so size and speed are about inverse.
  void search_speed() {
    const double wanted = request_.limits.tokens_per_second;
    const auto distance = [&](const Trial& trial) { return std::abs(trial.tokens_per_second - wanted); };
    const Trial& nearest = *std::ranges::min_element(runner_.trials(), {}, distance);
    const int64_t smallest = std::ranges::min_element(runner_.trials(), {}, &Trial::bytes)->bytes;
    double bytes = static_cast<double>(nearest.bytes) * nearest.tokens_per_second / wanted;
    for (int step = 0; step < kSpeedSteps; ++step, bytes *= 0.95) {
      const auto budget = std::min(static_cast<int64_t>(bytes), most_bytes());
      if (budget < smallest / 2 || budget > model_.tensors.byte_size()) return;
      if (runner_.try_budget({.max_bytes = budget}).tokens_per_second >= wanted) return;
    }
  }

  bool keeps_limits(const Trial& trial) const {
    const OptimizeLimits& limits = request_.limits;
    if (!limits.any()) return trial.bytes <= runner_.trial_named(kUsualMix).bytes;
    return (!limits.max_bytes || trial.bytes <= limits.max_bytes) &&
           (limits.bits_per_weight <= 0 || trial.bits_per_weight <= limits.bits_per_weight) &&
           (limits.max_divergence <= 0 || trial.divergence <= limits.max_divergence) &&
           (!limits.memory_bytes || trial.memory_bytes <= limits.memory_bytes) &&
           trial.tokens_per_second >= limits.tokens_per_second;
  }

  // Under a limit of divergence the smallest, else the closest to the original.
  bool is_better(const Trial& a, const Trial& b) const {
    if (request_.limits.max_divergence > 0) return a.bytes < b.bytes;
    return a.divergence < b.divergence;
  }

  // Sorts the trials by size, marks them, and returns the best that keeps the limits.
  const Trial& judge() {
    std::vector<Trial>& trials = runner_.trials();
    for (Trial& trial : trials) trial.keeps_limits = keeps_limits(trial);
    std::ranges::stable_sort(trials, {}, &Trial::bytes);
    Trial* chosen = nullptr;
    for (Trial& trial : trials) {
      trial.on_frontier = std::ranges::none_of(trials, [&](const Trial& other) {
        return other.bytes <= trial.bytes && other.divergence < trial.divergence;
      });
      if (trial.keeps_limits && (!chosen || is_better(trial, *chosen))) chosen = &trial;
    }
    if (!chosen) fail_no_trial(trials);
    chosen->is_chosen = true;
    return *chosen;
  }

  [[noreturn]] static void fail_no_trial(const std::vector<Trial>& trials) {
    const Trial& smallest = trials.front();
    const Trial& closest = *std::ranges::min_element(trials, {}, &Trial::divergence);
    fail(ErrorCode::bad_input,
         "no way to store the model keeps all limits: the smallest ({}) takes {} bytes with a KL of {:.5f} at {:.1f} "
         "tokens/s, the closest ({}) {} bytes with {:.5f} at {:.1f}",
         smallest.name, smallest.bytes, smallest.divergence, smallest.tokens_per_second, closest.name, closest.bytes,
         closest.divergence, closest.tokens_per_second);
  }

  std::string recipe_path() const { return request_.target + ".recipe.json"; }

  void write(const Trial& chosen) {
    const TrialOptions& measuring = request_.measuring;
    const std::string note = fmt::format("{}: {:.3f} bits per weight, mean KL {:.5f}", chosen.name,
                                         chosen.bits_per_weight, chosen.divergence);
    const auto recipe = quantize::recipe_of(quantize::mix_request(model_).tensors, chosen.types,
                                            runner_.packing().options.quantizer->name, note);
    quantize({.source = request_.source,
              .target = request_.target,
              .recipe = recipe,
              .settings = measuring.settings,
              .statistics = measuring.statistics,
              .threads = measuring.threads},
             progress_);
    OutputFile file(recipe_path());
    file.append(quantize::to_json(recipe));
    file.commit();
  }

  const OptimizeRequest& request_;
  Progress& progress_;
  model::Model model_;
  TrialRunner runner_;
};

}  // namespace

OptimizeReport optimize(const OptimizeRequest& request, Progress& progress) {
  return Optimizer(request, progress).run();
}

}  // namespace adze::pipeline
