// How the tensors of a model are packed into whatever types they get: the quantizer, its parameters, and what
// calibrating told about each tensor.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pipeline/repack.h"

namespace adze::pipeline {

struct ModelPacking {
  quantize::PackingOptions options = {};
  std::vector<std::shared_ptr<const quantize::InputStatistics>> statistics = {};  // by tensor; empty: none known

  quantize::PackingOptions of_tensor(size_t index) const {
    quantize::PackingOptions own = options;
    if (!statistics.empty()) own.statistics = statistics[index];
    return own;
  }

  /// `types` has one entry per tensor.
  std::vector<TensorPlan> plans(const std::vector<StorageType>& types, const std::string& reason) const {
    std::vector<TensorPlan> plans;
    for (const StorageType type : types) {
      plans.push_back({type, reason, statistics.empty() ? nullptr : statistics[plans.size()]});
    }
    return plans;
  }
};

}  // namespace adze::pipeline
