// What running a model costs on this machine.
#pragma once

#include <cstdint>
#include <memory>

#include "base/progress.h"
#include "runtime/loaded_model.h"

namespace adze::pipeline {

struct RunningOptions {
  int64_t prompt_tokens = 0;  // 0: not measured
  int64_t generated_tokens = 24;
  int64_t rounds = 3;
  int64_t cache_tokens = 4096;  // of the cache that counts as memory
  unsigned threads = 0;         // 0: one per processor
};

struct RunningCost {
  double tokens_per_second = 0;         // generating one sequence
  double prompt_tokens_per_second = 0;  // 0: not measured
  int64_t memory_bytes = 0;             // weights, private or mapped, cache and activations
  unsigned threads = 0;
};

RunningCost measure_running(const std::shared_ptr<runtime::LoadedModel>& model, const RunningOptions& options,
                            Progress& progress = no_progress());

}  // namespace adze::pipeline
