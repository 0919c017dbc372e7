// What of a model fits into a given memory, before anything is downloaded, written or run: sizes by storage type, by
// type of the cache and by context, and how fast that could be. Reads headers, never weights.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "passes/pass.h"
#include "runtime/weight_store.h"
#include "tensor/codec_info.h"

namespace adze::pipeline {

struct FitRequest {
  std::string source = {};
  uint64_t memory_bytes = 0;   // that running may take, of all kinds
  int64_t context_tokens = 0;  // 0: what the model was trained for, at most 4096
  unsigned threads = 0;        // 0: one per processor
  passes::ActivationPolicy activation = passes::ActivationPolicy::automatic;
  runtime::WeightMemory weights = runtime::WeightMemory::packed;
  /// How fast that many bytes are read over and over, per second; empty or 0: not known.
  std::function<double(int64_t bytes)> read_rate = nullptr;
};

/// The cache of keys and values in one type.
struct FitCache {
  StorageType storage = nullptr;
  int64_t bytes = 0;  // of the whole context
};

/// The model in one form: as it is, or as a mix would store it.
struct FitForm {
  std::string name;
  double bits_per_weight = 0;
  int64_t tensor_bytes = 0;       // what a file of it holds
  int64_t weight_bytes = 0;       // private, as kernels read them
  int64_t mapped_bytes = 0;       // pages of the file that are read in place, each for every token
  int64_t activation_bytes = 0;   // and scratch
  int64_t read_bytes = 0;         // of weights for each token that is generated
  bool needs_importance = false;  // of little use without statistics of activations
  bool may_be_best = true;        // neither that nor of so few bits that only models made for it stand them

  int64_t memory_bytes(const FitCache& cache, int64_t program_bytes) const {
    return weight_bytes + mapped_bytes + activation_bytes + cache.bytes + program_bytes;
  }
};

struct FitChoice {
  size_t form = 0;
  size_t cache = 0;
};

struct FitPlan {
  std::string model_name;
  std::string architecture;
  int64_t weights = 0;  // numbers
  int64_t trained_context = 0;
  int64_t context_tokens = 0;
  int64_t program_bytes = 0;     // everything else that the program holds: graph, vocabulary, code
  std::vector<FitForm> forms;    // the model as it is, then the mixes, largest first
  std::vector<FitCache> caches;  // finest first
  /// The form with the most bits, and the finest cache with it; empty: nothing fits.
  std::optional<FitChoice> best = {};
  /// The tokens of context that the best form has room for beside the rest, at most the trained ones; the smallest
  /// form where nothing fits, 0 if not even that fits without a context.
  int64_t most_context = 0;

  bool fits(const FitForm& form, const FitCache& cache, uint64_t memory_bytes) const {
    return static_cast<uint64_t>(form.memory_bytes(cache, program_bytes)) <= memory_bytes;
  }
};

/// Tokens per second that reading weights and a full cache allow; 0: not known.
double most_tokens_per_second(const FitForm& form, const FitCache& cache, const FitRequest& request);

/// Throws Error as reading and loading a model do. Mixes that are no smaller than the model, whose main type no tensor
/// of this model gets, or that do the same as another one, are left out, and all of them where the model is quantized
/// already: rounding twice is no way to make it fit.
FitPlan plan_fit(const FitRequest& request, Progress& progress = no_progress());

}  // namespace adze::pipeline
