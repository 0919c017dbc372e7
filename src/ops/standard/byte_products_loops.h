// byte_products.h as plain loops, which the compiler makes vectors of an instruction set of: included by one file for
// each.
#pragma once

#include <cstdint>

#include "ops/standard/byte_products.h"

namespace adze::ops {
namespace {

/// NaN, which scales of a file can make, becomes the most, as vectors of other kernels have it.
inline float within(float x, float least, float most) {
  const float below = x < most ? x : most;
  return below > least ? below : least;
}

/// Adding it rounds numbers below 2^22 to whole ones, ties to even.
constexpr float kRounder = 0x1.8p23f;

inline void widen_bytes_row(const uint8_t* from, int64_t count, bool is_signed, int32_t zero, float* to) {
  if (is_signed) {
    const auto* numbers = reinterpret_cast<const int8_t*>(from);
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(numbers[i] - zero);
  } else {
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i] - zero);
  }
}

inline void whole_numbers_row(const float* from, int64_t count, int32_t term, int32_t* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<int32_t>(from[i]) + term;
}

/// A copy of what a coding says, because bytes that are stored could be those of the coding.
struct CodingInRow {
  float least, most;
  int32_t shift;

  explicit CodingInRow(const ByteCoding& coding)
      : least(static_cast<float>(coding.least - coding.zero)),
        most(static_cast<float>(coding.most - coding.zero)),
        shift(coding.zero) {}
  uint8_t code(float number) const {
    const float rounded = (within(number, least, most) + kRounder) - kRounder;
    return static_cast<uint8_t>(static_cast<int32_t>(rounded) + shift);
  }
};

inline void codes_of_sums_row(const float* from, int64_t count, const ByteCoding& coding, uint8_t* to) {
  const float term = coding.term, scale = coding.scale;
  const CodingInRow row(coding);
  for (int64_t i = 0; i < count; ++i) to[i] = row.code((from[i] + term) * scale);
}

inline void codes_of_quotients_row(const float* x, int64_t count, float scale, const ByteCoding& coding, uint8_t* to) {
  const CodingInRow row(coding);
  for (int64_t i = 0; i < count; ++i) {
    const float quotient = x[i] / scale;
    to[i] = row.code(quotient == quotient ? quotient : 0.0f);
  }
}

inline void scaled_bytes_row(const uint8_t* from, int64_t count, const ByteScaling& scaling, float* to) {
  widen_bytes_row(from, count, scaling.is_signed, scaling.zero, to);
  for (int64_t i = 0; i < count; ++i) to[i] *= scaling.scale;
}

template <typename A, typename B>
void add_numbers(const ByteSum& sum, const A* a, const B* b, int64_t count, uint8_t* to) {
  // Copies, because bytes that are stored could be those of `sum`.
  const float a_scale = sum.a.scale, b_scale = sum.b.scale, term = sum.coding.term, scale = sum.coding.scale;
  const int32_t a_zero = sum.a.zero, b_zero = sum.b.zero;
  const CodingInRow coding(sum.coding);
  if (sum.b_step == 0) {
    const float right = static_cast<float>(b[0] - b_zero) * b_scale;
    for (int64_t i = 0; i < count; ++i) {
      to[i] = coding.code((static_cast<float>(a[i] - a_zero) * a_scale + right + term) * scale);
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    const float left = static_cast<float>(a[i] - a_zero) * a_scale;
    const float right = static_cast<float>(b[i] - b_zero) * b_scale;
    to[i] = coding.code((left + right + term) * scale);
  }
}

inline void add_bytes_row(const ByteSum& sum, const uint8_t* a, const uint8_t* b, int64_t count, uint8_t* to) {
  const auto* signed_a = reinterpret_cast<const int8_t*>(a);
  const auto* signed_b = reinterpret_cast<const int8_t*>(b);
  if (sum.a.is_signed && sum.b.is_signed) return add_numbers(sum, signed_a, signed_b, count, to);
  if (sum.a.is_signed) return add_numbers(sum, signed_a, b, count, to);
  if (sum.b.is_signed) return add_numbers(sum, a, signed_b, count, to);
  add_numbers(sum, a, b, count, to);
}

inline void flip_bytes_row(const uint8_t* from, int64_t count, uint8_t flip, uint8_t* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = from[i] ^ flip;
}

inline void widen_to_words_row(const uint8_t* __restrict from, int64_t count, uint16_t* __restrict to) {
  for (int64_t i = 0; i < count; ++i) to[i] = from[i];
}

inline void add_to_sums_row(const uint8_t* from, int64_t count, bool is_signed, int32_t* sums) {
  const auto* numbers = reinterpret_cast<const int8_t*>(from);
  for (int64_t i = 0; is_signed && i < count; ++i) sums[i] += numbers[i];
  for (int64_t i = 0; !is_signed && i < count; ++i) sums[i] += from[i];
}

template <int kRows, typename T>
void interleave_few_rows(const T* __restrict from, int64_t columns, T* __restrict to) {
  for (int64_t column = 0; column < columns; ++column) {
    for (int row = 0; row < kRows; ++row) to[column * kRows + row] = from[row * columns + column];
  }
}

template <typename T>
void interleave(const T* from, int64_t rows, int64_t columns, T* to) {
  if (rows == 2) return interleave_few_rows<2>(from, columns, to);
  if (rows == 3) return interleave_few_rows<3>(from, columns, to);
  if (rows == 4) return interleave_few_rows<4>(from, columns, to);
  // Blocks of cache lines on both sides.
  constexpr int64_t kBlock = 16;
  for (int64_t first = 0; first < rows; first += kBlock) {
    const int64_t end = rows - first < kBlock ? rows : first + kBlock;
    for (int64_t column = 0; column < columns; ++column) {
      for (int64_t row = first; row < end; ++row) to[column * rows + row] = from[row * columns + column];
    }
  }
}

constexpr ByteProducts kLoops = {widen_bytes_row,  whole_numbers_row,   codes_of_sums_row,   codes_of_quotients_row,
                                 scaled_bytes_row, add_bytes_row,       flip_bytes_row,      widen_to_words_row,
                                 add_to_sums_row,  interleave<uint8_t>, interleave<uint32_t>};

}  // namespace
}  // namespace adze::ops
