#include "pipeline/optimize.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/cpu_features.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "formats/format.h"
#include "pipeline/calibrate_for_search.h"
#include "pipeline/quantize_with_card.h"

namespace adze::pipeline {
namespace {

// Points of the field's usual trade-off; allocations are solved at their sizes.
constexpr std::string_view kMixes[] = {"Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K"};
constexpr std::string_view kUsualMix = "Q4_K_M";  // its size is the limit where none is given
constexpr int kSpeedSteps = 3;                    // of shrinking a solution until it is fast enough

TrialOptions with_statistics(const OptimizeRequest& request, const model::Model& model, Progress& progress) {
  TrialOptions options = request.measuring;
  if (request.calibration.empty()) return options;
  options.statistics = request.target + ".statistics.gguf";
  calibrate_for_search(
      model,
      {.text = request.calibration, .target = options.statistics, .store = options.trials, .threads = options.threads},
      progress);
  return options;
}

class Optimizer {
 public:
  Optimizer(const OptimizeRequest& request, Progress& progress)
      : request_(request),
        progress_(progress),
        model_(formats::read_model(request.source)),
        measuring_(with_statistics(request, model_, progress)),
        runner_(model_, measuring_, progress) {}

  OptimizeReport run() {
    const int64_t start = now_ns();
    for (const std::string_view mix : kMixes) count(runner_.try_mix(mix));
    for (const std::string_view mix : kMixes) count(runner_.try_budget({.max_bytes = runner_.trial_named(mix).bytes}));
    for (const Budget& budget : budgets_of_limits()) try_limit(budget, 0);
    if (request_.limits.tokens_per_second > 0) search_speed();
    for (size_t quantizer = 1; quantizer < runner_.quantizer_count(); ++quantizer) refine(quantizer);
    const Trial& chosen = choose();
    write(chosen);
    OptimizeReport report;
    report.chosen = chosen.name;
    report.trials = std::move(runner_.trials());
    report.reference_perplexity = runner_.reference_perplexity();
    report.reference_bytes = model_.tensors.byte_size();
    report.recipe_path = recipe_path();
    report.statistics_path = measuring_.statistics;
    if (request_.card) report.card_path = card_paths(request_.target).html;
    report.seconds = seconds_since(start);
    return report;
  }

 private:
  void count(const Trial&) {
    progress_.update("trials", runner_.trials().size(),
                     2 * std::size(kMixes) + budgets_of_limits().size() + 2 * (runner_.quantizer_count() - 1));
  }

  // A divergence that one quantizer cannot reach another may.
  void try_limit(const Budget& budget, size_t quantizer) {
    try {
      count(runner_.try_budget(budget, quantizer));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::bad_input || budget.max_divergence <= 0) throw;
      unreachable_ = error.what();
    }
  }

  // What the search found so far, and the best mix, with values chosen by another quantizer: it may not drive all types
  // that the search took, and then gains more from a mix.
  void refine(size_t quantizer) {
    if (request_.limits.max_divergence > 0) try_limit({.max_divergence = request_.limits.max_divergence}, quantizer);
    if (const Trial* best = best_trial()) count(runner_.try_types_of(Trial(*best), quantizer));
    if (const Trial* mix = best_mix()) count(runner_.try_types_of(Trial(*mix), quantizer));
  }

  // Of the first quantizer's; null: none keeps the limits.
  const Trial* best_mix() {
    const Trial* best = nullptr;
    for (const std::string_view name : kMixes) {
      const Trial& trial = runner_.trial_named(name);
      if (keeps_limits(trial) && (!best || is_better(trial, *best))) best = &trial;
    }
    return best;
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
           (limits.max_divergence <= 0 || trial.divergence() <= limits.max_divergence) &&
           (!limits.memory_bytes || trial.memory_bytes <= limits.memory_bytes) &&
           trial.tokens_per_second >= limits.tokens_per_second;
  }

  // Under a limit of divergence the smallest, else the closest to the original.
  bool is_better(const Trial& a, const Trial& b) const {
    if (request_.limits.max_divergence > 0) return a.bytes < b.bytes;
    return a.divergence() < b.divergence();
  }

  // Of those that keep the limits; null: none does.
  const Trial* best_trial() {
    Trial* best = nullptr;
    for (Trial& trial : runner_.trials()) {
      trial.keeps_limits = keeps_limits(trial);
      if (trial.keeps_limits && (!best || is_better(trial, *best))) best = &trial;
    }
    return best;
  }

  // Sorts the trials by size, marks them, and returns the best that keeps the limits.
  const Trial& choose() {
    std::vector<Trial>& trials = runner_.trials();
    std::ranges::stable_sort(trials, {}, &Trial::bytes);
    for (Trial& trial : trials) {
      trial.on_frontier = std::ranges::none_of(trials, [&](const Trial& other) {
        return other.bytes <= trial.bytes && other.divergence() < trial.divergence();
      });
    }
    const Trial* best = best_trial();
    if (!best) fail_no_trial(trials);
    Trial& chosen = trials[static_cast<size_t>(best - trials.data())];
    chosen.is_chosen = true;
    return chosen;
  }

  [[noreturn]] void fail_no_trial(const std::vector<Trial>& trials) const {
    if (!unreachable_.empty()) fail(ErrorCode::bad_input, "{}", unreachable_);
    const Trial& smallest = trials.front();
    const Trial& closest = *std::ranges::min_element(trials, {}, &Trial::divergence);
    fail(ErrorCode::bad_input,
         "no way to store the model keeps all limits: the smallest ({}) takes {} bytes with a KL of {:.5f} at {:.1f} "
         "tokens/s, the closest ({}) {} bytes with {:.5f} at {:.1f}",
         smallest.name, smallest.bytes, smallest.divergence(), smallest.tokens_per_second, closest.name, closest.bytes,
         closest.divergence(), closest.tokens_per_second);
  }

  std::string recipe_path() const { return request_.target + ".recipe.json"; }

  MeasuredText measured_text() const {
    return {.name = measuring_.text_name,
            .content = measuring_.text,
            .context = measuring_.text_context,
            .chunks = measuring_.text_chunks};
  }

  // What was measured already. The trial's weights were in memory, so loading the file was not.
  Behaviour behaviour_of(const Trial& chosen) const {
    Behaviour behaviour;
    behaviour.text_name = measuring_.text_name;
    behaviour.text_sha256 = sha256_of(measuring_.text);
    behaviour.context = measuring_.text_context;
    behaviour.activation = "f32";
    behaviour.quality = chosen.quality;
    behaviour.cost = {.tokens_per_second = chosen.tokens_per_second,
                      .memory_bytes = chosen.memory_bytes,
                      .threads = measuring_.threads ? measuring_.threads : available_processors()};
    behaviour.cache_tokens = measuring_.context;
    return behaviour;
  }

  void write(const Trial& chosen) {
    const std::string note = fmt::format("{}: {:.3f} bits per weight, mean KL {:.5f}", chosen.name,
                                         chosen.bits_per_weight, chosen.divergence());
    const auto recipe =
        quantize::recipe_of(quantize::mix_request(model_).tensors, chosen.types, chosen.quantizer, note);
    const QuantizeRequest request{.source = request_.source,
                                  .target = request_.target,
                                  .recipe = recipe,
                                  .settings = runner_.settings_of(chosen),
                                  .statistics = measuring_.statistics,
                                  .threads = measuring_.threads};
    if (request_.card) {
      CardRequest card;
      card.behaviour = behaviour_of(chosen);
      card.text = measured_text();
      quantize_with_card(request, card, progress_);
    } else {
      quantize(request, progress_);
    }
    OutputFile file(recipe_path());
    file.append(quantize::to_json(recipe));
    file.commit();
  }

  const OptimizeRequest& request_;
  Progress& progress_;
  model::Model model_;
  TrialOptions measuring_;
  TrialRunner runner_;
  std::string unreachable_ = {};  // why a limit of divergence cannot be kept; empty: it can, or there is none
};

}  // namespace

OptimizeReport optimize(const OptimizeRequest& request, Progress& progress) {
  return Optimizer(request, progress).run();
}

}  // namespace adze::pipeline
