// Ways to store a model, each measured once: quality, size, speed and memory on this machine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evaluate/divergence_summary.h"
#include "pipeline/model_packing.h"
#include "pipeline/sensitivity.h"
#include "pipeline/solve_budget.h"
#include "pipeline/trial_store.h"

namespace adze::pipeline {

/// One way to store the model.
struct Trial {
  std::string name = {};                // "Q4_K_M", "solved for 90000000 bytes, gptq"
  std::string quantizer = {};           // that chose the values
  std::vector<StorageType> types = {};  // of the model's tensors, in their order
  int64_t bytes = 0;                    // of all tensors
  double bits_per_weight = 0;
  evaluate::DivergenceSummary quality = {};
  double tokens_per_second = 0;
  int64_t memory_bytes = 0;
  bool on_frontier = false;  // no other trial is both smaller and closer to the original
  bool keeps_limits = false;
  bool is_chosen = false;

  double divergence() const { return quality.mean.value; }  // mean KL in nats
};

struct TrialOptions {
  std::string text = {};                // what quality is measured on
  std::string text_name = {};           // as cards call it
  std::vector<std::string> types = {};  // storage types to choose from; empty: those with fast kernels
  int64_t text_context = 512;           // tokens per chunk of the text
  int64_t text_chunks = 4;
  int64_t context = 4096;  // tokens of the cache that counts as memory
  /// The first drives the search, the others are tried on what it finds. Empty: all that the statistics allow for.
  std::vector<std::string> quantizers = {};
  std::vector<std::string> settings = {};  // of the quantizers' parameters
  std::string statistics = {};             // file of activation statistics; empty: none
  std::string trials = {};                 // database of what was measured already; empty: not kept
  unsigned threads = 0;                    // 0: one per processor
};

class TrialRunner {
 public:
  /// `model` becomes the reference. Error(bad_input) for one that is quantized already or has no tokenizer.
  /// REQUIRES: model and progress outlive the runner.
  TrialRunner(const model::Model& model, TrialOptions options, Progress& progress);

  /// As a named mix stores it; as a budget does that is solved for this model; in the types of another trial: a new
  /// trial, or the one that does the same already. What is in the database is not measured again. Valid until the next
  /// call. `quantizer` is an index below quantizer_count().
  const Trial& try_mix(std::string_view name);
  const Trial& try_budget(const Budget& budget, size_t quantizer = 0);
  const Trial& try_types_of(const Trial& other, size_t quantizer);

  size_t quantizer_count() const { return packings_.size(); }
  /// Those of TrialOptions::settings that the trial's quantizer has.
  std::vector<std::string> settings_of(const Trial& trial) const;

  std::vector<Trial>& trials() { return trials_; }
  bool knows(std::string_view name) const;
  /// REQUIRES: knows(name).
  const Trial& trial_named(std::string_view name) const;
  double reference_perplexity() const { return reference_perplexity_; }

 private:
  std::string describe_setting() const;
  const Sensitivity& sensitivity();
  QualityMeter& meter();
  Trial new_trial(std::string name, size_t quantizer) const;
  bool recall(Trial& trial);
  void remember(const std::string& name, const Trial& trial);
  const Trial* find_same(const Trial& trial) const;
  const Trial& add(Trial trial);
  const Trial& measure(Trial trial, const evaluate::DivergenceResult& quality);
  void measure_running(Trial& trial) const;

  const model::Model& model_;
  TrialOptions options_;
  Progress& progress_;
  std::vector<const codecs::Codec*> candidates_;
  std::vector<ModelPacking> packings_;  // by quantizer
  std::vector<int32_t> tokens_;
  TrialStore store_;
  std::string setting_;
  std::unique_ptr<QualityMeter> meter_;     // made when first needed: it holds the reference model
  std::optional<Sensitivity> sensitivity_;  // the same
  std::vector<Trial> trials_;
  double reference_perplexity_ = 0;
};

}  // namespace adze::pipeline
