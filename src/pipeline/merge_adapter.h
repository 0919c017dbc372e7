// An adapter made part of its model, and adapters from one format to another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "evaluate/divergence_summary.h"
#include "pipeline/behaviour.h"
#include "pipeline/memory_plan.h"
#include "pipeline/tensor_outcome.h"

namespace adze::pipeline {

struct MergeRequest {
  std::string source = {};
  std::string adapter = {};
  std::string target = {};
  std::string format = {};    // name in the table of formats; empty: by the target's name
  std::string type = "keep";  // storage of changed weights, or "keep": as each was
  double strength = 1;        // multiplies the scale of every change
  bool measure = true;        // the divergence of what was written from the adapter applied while running
  MeasuredText text = {};     // to measure on
  unsigned threads = 0;       // 0: one per processor
  uint64_t max_memory_bytes = kDefaultMaxMemoryBytes;  // anonymous memory of the process while it writes
};

struct MergeReport {
  std::string adapter_format = {};
  std::string target_format = {};
  std::vector<TensorOutcome> tensors = {};  // errors are of storing the sum
  int64_t changed = 0;                      // tensors
  bool untied_head = false;                 // the head shared the embedding's weight and no longer does
  int64_t bytes_written = 0;
  /// KL(adapter applied while running || merged), both with activations in f32; empty where it was not measured.
  std::optional<evaluate::DivergenceSummary> quality = {};
  std::string text_name = {};
  double seconds = 0;
};

/// Each changed weight becomes W + scale * B A (with a magnitude: brought to its length), and is stored again as it
/// was: floats rounded once, quantized weights decoded, added to and encoded. All other tensors are copied. The target
/// appears complete or not at all.
MergeReport merge_adapter(const MergeRequest& request, Progress& progress = no_progress());

struct AdapterConvertRequest {
  std::string source = {};
  std::string target = {};
  std::string base = {};    // model that the adapter belongs to, in any format
  std::string format = {};  // name in the table of adapter formats; empty: by the target's name
};

struct AdapterConvertReport {
  std::string source_format = {};
  std::string target_format = {};
  int64_t changes = 0;   // low-rank
  int64_t replaced = 0;  // whole tensors
  int64_t smallest_rank = 0;
  int64_t largest_rank = 0;
  int64_t magnitudes = 0;
};

/// Error(unsupported) with the reason for what the target cannot hold; then nothing is written.
AdapterConvertReport convert_adapter(const AdapterConvertRequest& request);

}  // namespace adze::pipeline
