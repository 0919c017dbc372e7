// Products of matrices in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/thread_pool.h"
#include "ops/standard/float_products.h"

namespace adze::ops {

/// Of the processor, or what ADZE_FORCE_ISA pins.
const FloatProducts& float_products();

/// Calls body(index) for every index below `count`, on the pool's threads if there is one.
void for_each_index(ThreadPool* pool, int64_t count, const std::function<void(int64_t)>& body);

/// The pool where it is worth dividing work of which `least` would be enough for threads that are awake; null
/// otherwise.
ThreadPool* pool_for(ThreadPool* pool, int64_t work, int64_t least);

/// Where the numbers of a matrix lie.
struct MatrixView {
  const float* numbers;
  int64_t row_step;
  int64_t column_step;
};

/// [depth][columns] as panels, one behind the other.
std::vector<float> packed_panels(const MatrixView& b, int64_t depth, int64_t columns);
/// [rows][depth] as tiles of rows.
std::vector<float> packed_rows(const float* rows, int64_t row_count, int64_t depth);

/// out[rows][columns] = a[rows][depth] b[depth][columns]
struct FloatProduct {
  int64_t rows, depth, columns;
  MatrixView a, b;
  float* out;
  const float* panels = nullptr;  // b packed, if it is
};
void multiply_floats(const FloatProduct& product, ThreadPool* pool);

}  // namespace adze::ops
