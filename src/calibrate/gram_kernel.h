// The loops of gram_kernels.h for any vector width. Included by the file of each instruction set, so everything has
// internal linkage.
#pragma once

#include <cstdint>

#include "calibrate/gram_kernels.h"

namespace adze::calibrate {
namespace {

/// Tiles of kRows rows by kVectors vectors of kWidth columns stay in registers over all rows of the input.
template <int kWidth, int kRows, int kVectors>
struct GramKernel {
  typedef float Floats __attribute__((vector_size(kWidth * 4)));
  static constexpr int kColumns = kWidth * kVectors;

  static void add_rows(const GramInput& input, int64_t first, int64_t last, float* triangle) {
    int64_t i = first;
    for (; i + kRows <= last; i += kRows) {
      int64_t j = 0;
      for (; j <= i + kRows - 1 && j + kColumns <= input.columns; j += kColumns) add_tile(input, i, j, triangle);
      add_by_ones(input, i, i + kRows, j, triangle);
    }
    add_by_ones(input, i, last, 0, triangle);
  }

 private:
  static void add_tile(const GramInput& input, int64_t i, int64_t j, float* triangle) {
    Floats sums[kRows][kVectors] = {};
    for (int64_t row = 0; row < input.rows; ++row) {
      const float* x = input.x + row * input.stride;
      Floats columns[kVectors];
      for (int v = 0; v < kVectors; ++v) __builtin_memcpy(&columns[v], x + j + v * kWidth, sizeof(Floats));
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sums[r][v] += x[i + r] * columns[v];
      }
    }
    for (int r = 0; r < kRows; ++r) {
      float* target = triangle + (i + r) * (i + r + 1) / 2 + j;
      const int64_t count = i + r + 1 - j < kColumns ? i + r + 1 - j : kColumns;
      float values[kColumns];
      __builtin_memcpy(values, sums[r], sizeof values);
      for (int64_t c = 0; c < count; ++c) target[c] += values[c];
    }
  }

  // What is too narrow for a tile: columns j.. of rows [first, last).
  static void add_by_ones(const GramInput& input, int64_t first, int64_t last, int64_t j_first, float* triangle) {
    for (int64_t i = first; i < last; ++i) {
      for (int64_t j = j_first; j <= i; ++j) {
        float sum = 0;
        for (int64_t row = 0; row < input.rows; ++row) {
          const float* x = input.x + row * input.stride;
          sum += x[i] * x[j];
        }
        triangle[i * (i + 1) / 2 + j] += sum;
      }
    }
  }
};

}  // namespace
}  // namespace adze::calibrate
