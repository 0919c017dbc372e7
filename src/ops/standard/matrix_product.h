// Products of matrices in memory.
#pragma once

#include <cstdint>
#include <functional>

#include "base/thread_pool.h"
#include "ops/standard/float_products.h"

namespace adze::ops {

/// Of the processor, or what ADZE_FORCE_ISA pins.
const FloatProducts& float_products();

/// Calls body(index) for every index below `count`, on the pool's threads if there is one.
void for_each_index(ThreadPool* pool, int64_t count, const std::function<void(int64_t)>& body);

/// Where the numbers of a matrix lie.
struct MatrixView {
  const float* numbers;
  int64_t row_step;
  int64_t column_step;
};

/// out[rows][columns] = a[rows][depth] b[depth][columns]
struct FloatProduct {
  int64_t rows, depth, columns;
  MatrixView a, b;
  float* out;
};
void multiply_floats(const FloatProduct& product, ThreadPool* pool);

}  // namespace adze::ops
