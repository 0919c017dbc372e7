// The figures by which models are compared and gates decide.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/progress.h"
#include "evaluate/divergence_summary.h"
#include "evaluate/reference_logits.h"
#include "pipeline/behaviour.h"
#include "pipeline/running_cost.h"

namespace adze::pipeline {

struct ModelFigures {
  std::string path;
  int64_t file_bytes = 0;  // of all its files
  int64_t weights = 0;
  double bits_per_weight = 0;  // of all tensors
  std::optional<evaluate::DivergenceSummary> quality = {};
  std::optional<RunningCost> cost = {};
  std::optional<double> load_seconds = {};
};

struct FiguresWanted {
  const evaluate::ReferenceLogits* reference = nullptr;  // null: no quality
  bool cost = true;
  int64_t cache_tokens = 4096;
  unsigned threads = 0;
};

/// What is wanted of the model, which runs as it usually does. Throws as loading and running do, and Error(bad_input)
/// where its vocabulary is not the reference's.
ModelFigures measure_model(const std::string& path, const FiguresWanted& wanted, Progress& progress = no_progress());

/// A file of reference logits as it is, or a model run on the text with activations in f32.
evaluate::ReferenceLogits reference_of(const std::string& path, const MeasuredText& text, unsigned threads,
                                       Progress& progress = no_progress());

/// The perplexity that the reference itself finds.
evaluate::Estimate perplexity_of(const evaluate::ReferenceLogits& reference);

}  // namespace adze::pipeline
