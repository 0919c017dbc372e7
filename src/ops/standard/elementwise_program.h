// Functions of single floats one after the other, computed in pieces that stay in the cache.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "ops/standard/row_products.h"
#include "tensor/host_tensor.h"

namespace adze::ops {

/// A function of the numbers of one or two rows.
struct ElementwiseFunction {
  std::string_view op;  // the standard op that it is
  size_t inputs;
  std::optional<RowFunction> row;
  void (*of_one)(const float* x, int64_t count, float* out);  // where `row` is nothing
};
/// Null for ops of other kinds.
const ElementwiseFunction* find_elementwise_function(std::string_view op);

/// Values are numbered: the inputs of a program, then the results of its steps.
struct ElementwiseStep {
  const ElementwiseFunction* function;
  size_t a, b;  // values; b = a for functions of one
};

/// Steps for inputs of certain shapes. The last step's value is the result.
///
/// A stage is what leads to one value through values of its shape, and is computed in one walk. Values of smaller
/// shapes, which broadcasting repeats, come from stages of their own, so that each is computed once.
class ElementwiseProgram {
 public:
  /// REQUIRES: at least one step; values of a step come before it. Error(bad_input) where shapes do not fit together.
  ElementwiseProgram(std::span<const ElementwiseStep> steps, std::vector<std::vector<int64_t>> input_dims);

  bool is_for(std::span<const HostTensor* const> inputs) const;
  const std::vector<int64_t>& result_dims() const { return stages_.back().dims; }
  /// Into `result`, which may be an input of these dimensions. REQUIRES: is_for(inputs), all f32.
  void run(std::span<const HostTensor* const> inputs, HostTensor& result, ThreadPool* pool) const;

 private:
  /// A value from outside of a stage.
  struct Source {
    size_t value;
    std::vector<int64_t> strides;  // along the axes around a row
    int64_t step;                  // along a row: 1, or 0 where one number stands for all
    bool repeats = false;          // the same row again and again
  };
  /// Operands below the number of sources are those, others scratch rows.
  struct StageStep {
    const ElementwiseFunction* function;
    size_t a, b;
    size_t scratch;  // row of the result; kResult: the stage's
  };
  struct Stage {
    size_t value;
    std::vector<int64_t> dims;
    std::vector<Source> sources;
    std::vector<StageStep> steps;
    size_t scratch_rows = 0;
    std::vector<int64_t> outer;  // axes around a row
    int64_t row = 1, rows = 1;
    int64_t rows_at_once = 1;  // in a piece, where they lie one behind the other
  };
  class StageRun;

  static constexpr size_t kResult = static_cast<size_t>(-1);
  void find_stages(std::span<const ElementwiseStep> steps, const std::vector<std::vector<int64_t>>& dims);
  void add_steps(Stage& stage, std::span<const ElementwiseStep> steps, const std::vector<size_t>& members) const;
  static void lay_out(Stage& stage, const std::vector<std::vector<int64_t>>& dims);

  std::vector<std::vector<int64_t>> input_dims_;
  std::vector<Stage> stages_;
};

}  // namespace adze::ops
