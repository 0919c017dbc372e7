// The one verb for people who do not want to choose: tries what a model can become on this machine, measures it, and
// writes the best that keeps the limits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "pipeline/trial_runner.h"

namespace adze::pipeline {

/// 0: no such limit.
struct OptimizeLimits {
  int64_t max_bytes = 0;  // of all tensors
  double bits_per_weight = 0;
  double max_divergence = 0;     // mean KL in nats
  int64_t memory_bytes = 0;      // while running: weights, cache and activations
  double tokens_per_second = 0;  // generating one sequence

  bool any() const {
    return max_bytes || bits_per_weight > 0 || max_divergence > 0 || memory_bytes || tokens_per_second > 0;
  }
};

struct OptimizeRequest {
  std::string source = {};  // any format, weights in floating point
  std::string target = {};  // a GGUF file
  std::string calibration =
      {};  // text to gather statistics from, not the one to measure on; empty: those given, if any
  OptimizeLimits limits = {};
  TrialOptions measuring = {};
  bool card = true;  // write the winner's quality card
};

struct OptimizeReport {
  std::vector<Trial> trials = {};  // smallest first
  double reference_perplexity = 0;
  int64_t reference_bytes = 0;
  std::string chosen = {};  // name of the trial that was written
  std::string recipe_path = {};
  std::string statistics_path = {};  // made or given; empty: none
  std::string card_path = {};        // the page; empty: none
  double seconds = 0;
};

/// Writes `target`, beside it the recipe (`target` with ".recipe.json"), the quality card, and the statistics of the
/// calibration text (".statistics.gguf"), which a repeated search of the same model and text takes as they are. Throws
/// Error(bad_input) naming the closest trial where no way keeps the limits, and as reading, running and writing models
/// do.
OptimizeReport optimize(const OptimizeRequest& request, Progress& progress = no_progress());

}  // namespace adze::pipeline
