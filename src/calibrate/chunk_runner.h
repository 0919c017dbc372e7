// Runs chunks of a text through a model for an observer: as a sequence that is forgotten behind it, or through an
// encoder as a text.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/thread_pool.h"
#include "runtime/loaded_model.h"
#include "runtime/plan.h"

namespace adze::calibrate {

class ChunkRunner {
 public:
  virtual ~ChunkRunner() = default;
  virtual runtime::LoadedModel& model() = 0;
  virtual ThreadPool& pool() = 0;
  /// Of activations and cache.
  virtual int64_t bytes() = 0;
  virtual void observe(runtime::NodeObserver* observer) = 0;
  virtual void run(std::span<const int32_t> chunk) = 0;
};

struct ChunkRunnerOptions {
  unsigned threads = 0;
  int64_t context = 512;
  bool with_logits = false;  // of all tokens
};

std::unique_ptr<ChunkRunner> open_chunk_runner(std::shared_ptr<runtime::LoadedModel> model,
                                               const ChunkRunnerOptions& options);

}  // namespace adze::calibrate
