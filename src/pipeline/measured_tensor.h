// A lazy tensor that compares what it hands out with where it came from.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "model/tensor.h"
#include "pipeline/tensor_outcome.h"

namespace adze::pipeline {

/// Differences between a tensor's original values and those that its new storage gives back. Filled from several
/// threads while rows are read; the sums do not depend on who read what.
class Differences {
 public:
  struct Sums {
    int64_t different = 0;   // values
    int64_t non_finite = 0;  // values of the original
    double max_error = 0;
    double squared_error = 0;
    double squared_value = 0;
  };

  void add(int64_t first_row, const Sums& sums);
  Sums total() const;

 private:
  mutable std::mutex mutex_;
  std::map<int64_t, Sums> by_first_row_;  // added up in this order, whatever the threads did
};

struct MeasureOptions {
  bool require_exact = false;  // a changed value is Error(bad_input) naming tensor, row and value
};

/// `packed` with every row that is read compared with the same row of `original`. REQUIRES: the same shape, codecs that
/// decode.
model::Tensor measured_tensor(const model::Tensor& original, const model::Tensor& packed,
                              std::shared_ptr<Differences> differences, const MeasureOptions& options = {});

/// What the differences say after every row was read once.
void describe_differences(const Differences& differences, TensorOutcome& outcome);

}  // namespace adze::pipeline
