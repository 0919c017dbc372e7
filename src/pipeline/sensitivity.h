// How much every tensor of a model would cost in every storage type: the basis on which a budget is spent.
//
// The divergence that a tensor adds is taken to be proportional to the noise-to-signal ratio of its products
// (storage_error.h): for small errors, KL is quadratic in the change of the logits, which is linear in the noise. The
// factor is measured: for groups of like tensors (what they do, and early, middle or late layers) in a coarse type,
// everything else as it is.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/quality_meter.h"
#include "quantize/allocate.h"

namespace adze::pipeline {

struct TensorGroup {
  std::string name;             // "attention_v, middle layers"
  std::vector<size_t> tensors;  // indices into Sensitivity::tensors
  double divergence = 0;        // measured, with all of them in their probing types
  double per_noise = 0;         // divergence for each unit of noise-to-signal ratio
};

/// One tensor that may be stored in another type.
struct TensorOptions {
  size_t tensor;  // index into the model's tensors
  std::vector<StorageType> types;
  std::vector<double> noise;                       // by type
  std::vector<quantize::StorageOption> predicted;  // by type: bytes, and divergence that it adds
};

struct Sensitivity {
  std::vector<TensorGroup> groups;
  std::vector<TensorOptions> tensors;
  int64_t fixed_bytes = 0;  // of all other tensors
};

struct SensitivityRequest {
  std::vector<const codecs::Codec*> candidates;  // with encoders; used where a row divides into their blocks
  ModelPacking packing = {};
  unsigned threads = 0;
  /// A group's divergence as an earlier run remembered it; null: nothing is remembered.
  std::function<std::optional<double>(const std::string& group)> recall = nullptr;
  std::function<void(const std::string& group, double divergence)> remember = nullptr;
};

/// The measured divergences of groups come from `meter`, one run for each. Error(bad_input) where a tensor that should
/// be smaller fits no candidate.
Sensitivity measure_sensitivity(const model::Model& model, QualityMeter& meter, const SensitivityRequest& request,
                                Progress& progress);

}  // namespace adze::pipeline
