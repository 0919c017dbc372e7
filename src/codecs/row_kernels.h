// Loops over plain rows of numbers, written once for every instruction set: the compiler makes vectors of them.
// Included by the file of each instruction set, so everything but the table's type has internal linkage.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adze::codecs {

/// How a run of numbers changed. Finite as long as all numbers are and no square overflows.
struct RunDifference {
  float squared_error;
  float squared_value;
  float largest_error;
  int32_t different;  // numbers
};

inline constexpr int kRunLength = 256;

struct RowKernels {
  void (*decode_f16)(const std::byte* packed, float* values, int64_t count);
  /// Compares kRunLength numbers.
  RunDifference (*compare)(const float* before, const float* after);
};

extern const RowKernels kRowsAvx2;
extern const RowKernels kRowsAvx512;

/// Those of the instruction set in use.
const RowKernels& row_kernels();

namespace {

constexpr int kRunLanes = 16;

float half_as_float(uint32_t half) {
  // As f16_to_f32(), which a file of an instruction set may not include.
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t magnitude = (half & 0x7FFFu) << 13;
  float scaled;
  __builtin_memcpy(&scaled, &magnitude, 4);
  scaled *= 0x1p112f;
  uint32_t finite;
  __builtin_memcpy(&finite, &scaled, 4);
  const uint32_t bits = sign | (magnitude >= 0x0F800000u ? magnitude | 0x7F800000u : finite);
  float value;
  __builtin_memcpy(&value, &bits, 4);
  return value;
}

void decode_f16_row(const std::byte* packed, float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    uint16_t half;
    __builtin_memcpy(&half, packed + 2 * i, 2);
    values[i] = half_as_float(half);
  }
}

/// Sixteen sums side by side, then one after the other: the same floats however wide vectors are.
RunDifference compare_run(const float* before, const float* after) {
  float errors[kRunLanes] = {}, squares[kRunLanes] = {}, largest[kRunLanes] = {};
  int32_t different[kRunLanes] = {};
  for (int i = 0; i < kRunLength; i += kRunLanes) {
    for (int lane = 0; lane < kRunLanes; ++lane) {
      const float value = before[i + lane];
      const float error = after[i + lane] - value;
      const float magnitude = __builtin_fabsf(error);
      errors[lane] += error * error;
      squares[lane] += value * value;
      largest[lane] = magnitude > largest[lane] ? magnitude : largest[lane];
      different[lane] += after[i + lane] != value;
    }
  }
  RunDifference sum{};
  for (int lane = 0; lane < kRunLanes; ++lane) {
    sum.squared_error += errors[lane];
    sum.squared_value += squares[lane];
    sum.largest_error = largest[lane] > sum.largest_error ? largest[lane] : sum.largest_error;
    sum.different += different[lane];
  }
  return sum;
}

constexpr RowKernels row_kernel_table() { return {decode_f16_row, compare_run}; }

}  // namespace
}  // namespace adze::codecs
