// How a model that was written behaves beside the one that it was made from: the part of a quality card that takes
// running both.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/progress.h"
#include "evaluate/divergence_summary.h"
#include "evaluate/embedding_agreement.h"
#include "pipeline/running_cost.h"

namespace adze::pipeline {

/// What quality is measured on. Without a content, the built-in text.
struct MeasuredText {
  std::string name = {};
  std::string content = {};
  int64_t context = 512;  // tokens per chunk, at most; fewer for models or texts with less
  int64_t chunks = 4;     // at most; 0: all
};

/// The built-in text in place of none.
MeasuredText or_built_in(MeasuredText text);

struct Behaviour {
  std::string text_name;
  std::string text_sha256;
  bool text_is_built_in = false;
  int64_t context = 0;
  std::string activation;                                       // of the written model's products: "auto", "f32"
  evaluate::DivergenceSummary quality = {};                     // of a model that predicts text
  std::optional<evaluate::EmbeddingAgreement> embeddings = {};  // of one that gives vectors, then in place of quality
  RunningCost cost = {};
  int64_t cache_tokens = 0;                                    // for which cost counts memory
  double load_seconds = 0;                                     // of the written model; 0: not measured
  std::map<std::string, double> product_signal_to_noise = {};  // in dB, by tensor
  double seconds = 0;
};

struct BehaviourRequest {
  std::string source = {};
  std::string target = {};
  MeasuredText text = {};
  int64_t cache_tokens = 4096;
  unsigned threads = 0;
};

/// What measuring would take here, from the sizes of the models and a moment's measurement of the processor.
struct Prediction {
  double seconds = 0;
  int64_t memory_bytes = 0;
  bool fits_memory = true;
};
Prediction predict_behaviour(const BehaviourRequest& request);

/// What the card says about single tensors: product_signal_to_noise() of the two models on the text.
std::map<std::string, double> measure_product_noise(const BehaviourRequest& request);

/// Error(bad_input | unsupported) where one of the models cannot be run or has no tokenizer.
Behaviour measure_behaviour(const BehaviourRequest& request, Progress& progress = no_progress());

}  // namespace adze::pipeline
