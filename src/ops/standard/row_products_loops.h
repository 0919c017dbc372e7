// row_products.h as plain loops, which the compiler makes vectors of an instruction set of: included by one file for
// each.
#pragma once

#include <cstdint>

#include "base/loop_hints.h"
#include "ops/standard/row_products.h"

namespace adze::ops {
namespace {

template <typename Function>
void pair_row(RowOperand a, RowOperand b, int64_t count, float* out, Function function) {
  const float *x = a.numbers, *y = b.numbers;
  if (a.step == 0 && b.step == 0) {
    const float number = function(*x, *y);
    for (int64_t i = 0; i < count; ++i) out[i] = number;
  } else if (a.step == 0) {
    const float number = *x;
    ADZE_INDEPENDENT_ROUNDS
    for (int64_t i = 0; i < count; ++i) out[i] = function(number, y[i]);
  } else if (b.step == 0) {
    const float number = *y;
    ADZE_INDEPENDENT_ROUNDS
    for (int64_t i = 0; i < count; ++i) out[i] = function(x[i], number);
  } else {
    ADZE_INDEPENDENT_ROUNDS
    for (int64_t i = 0; i < count; ++i) out[i] = function(x[i], y[i]);
  }
}

template <typename Function>
void row(RowOperand a, int64_t count, float* out, Function function) {
  pair_row(a, a, count, out, [function](float x, float) { return function(x); });
}

inline float or_nan(float number, float x, float y) { return x != x || y != y ? __builtin_nanf("") : number; }

inline void apply_row(RowFunction function, RowOperand a, RowOperand b, int64_t count, float* out) {
  switch (function) {
    case RowFunction::add:
      return pair_row(a, b, count, out, [](float x, float y) { return x + y; });
    case RowFunction::subtract:
      return pair_row(a, b, count, out, [](float x, float y) { return x - y; });
    case RowFunction::multiply:
      return pair_row(a, b, count, out, [](float x, float y) { return x * y; });
    case RowFunction::divide:
      return pair_row(a, b, count, out, [](float x, float y) { return x / y; });
    case RowFunction::larger:
      return pair_row(a, b, count, out, [](float x, float y) { return or_nan(x < y ? y : x, x, y); });
    case RowFunction::smaller:
      return pair_row(a, b, count, out, [](float x, float y) { return or_nan(y < x ? y : x, x, y); });
    case RowFunction::absolute:
      return row(a, count, out, [](float x) { return __builtin_fabsf(x); });
    case RowFunction::negative:
      return row(a, count, out, [](float x) { return -x; });
    case RowFunction::reciprocal:
      return row(a, count, out, [](float x) { return 1.0f / x; });
    case RowFunction::relu:
      return row(a, count, out, [](float x) { return x < 0.0f ? 0.0f : x; });
  }
}

inline void add_row_to_totals(const float* x, int64_t count, double* totals) {
  for (int64_t i = 0; i < count; ++i) totals[i] += static_cast<double>(x[i]);
}

inline float largest_of_row(const float* x, int64_t count) {
  constexpr int64_t kLanes = 16;
  float best[kLanes];
  for (float& lane : best) lane = *x;
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) best[lane] = best[lane] < x[i + lane] ? x[i + lane] : best[lane];
  }
  for (; i < count; ++i) best[0] = best[0] < x[i] ? x[i] : best[0];
  for (const float lane : best) best[0] = best[0] < lane ? lane : best[0];
  return best[0];
}

constexpr RowProducts kLoops = {apply_row, add_row_to_totals, largest_of_row};

}  // namespace
}  // namespace adze::ops
