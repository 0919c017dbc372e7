// The tensors of two models, compared number by number whatever their storage.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/thread_pool.h"
#include "model/model.h"

namespace adze::pipeline {

struct TensorDifference {
  enum class Kind { only_first, only_second, shape, values };

  std::string name;
  Kind kind;
  Shape first_shape = {};
  Shape second_shape = {};
  StorageType first_storage = nullptr;
  StorageType second_storage = nullptr;
  int64_t different_values = 0;
  int64_t different_rows = 0;
  int64_t first_row = 0;      // the first that differs
  int64_t worst_row = 0;      // with the largest error
  double max_error = 0;       // infinite where only one side is a number
  double mean_error = 0;      // over all values
  double relative_error = 0;  // root mean square of the errors over that of the first model's values
};

const char* kind_name(TensorDifference::Kind kind);

struct TensorComparison {
  int64_t compared = 0;
  std::vector<TensorDifference> differences = {};
};

/// In the order of `first`, then what only `second` has. NaN equals NaN. Tensors whose relative error is at most
/// `tolerance` count as equal.
TensorComparison compare_tensors(const model::Model& first, const model::Model& second, double tolerance,
                                 ThreadPool& pool, Progress& progress);

}  // namespace adze::pipeline
