// Vectors of lanes, written once for every width. Only + - * / and selections, lane by lane: no fused operations, no
// sums across lanes, so each width gives the same floats. Included by the file of each instruction set, so everything
// has internal linkage.
#pragma once

#include <cstdint>

namespace adze::codecs {
namespace {

/// Divides by more than this, or not at all.
inline constexpr float kSmallestDivisor = 1e-30f;

/// Two vectors that exchange their parts of `kStep` lanes: the step of a transposition.
template <int kStep, bool kUpper, typename Floats, int... kLane>
Floats exchange(const Floats& a, const Floats& b) {
  constexpr int kWidth = sizeof...(kLane);
  if constexpr (kUpper) {
    return __builtin_shufflevector(a, b, (kLane & kStep ? kWidth + kLane : kLane + kStep)...);
  } else {
    return __builtin_shufflevector(a, b, (kLane & kStep ? kWidth + kLane - kStep : kLane)...);
  }
}

template <int... kLane>
struct LaneNumbers {
  template <int kStep, bool kUpper, typename Floats>
  static Floats exchanged(const Floats& a, const Floats& b) {
    return exchange<kStep, kUpper, Floats, kLane...>(a, b);
  }
};

template <int kWidth>
struct LaneNumbersOf;
template <>
struct LaneNumbersOf<2> : LaneNumbers<0, 1> {};
template <>
struct LaneNumbersOf<4> : LaneNumbers<0, 1, 2, 3> {};
template <>
struct LaneNumbersOf<8> : LaneNumbers<0, 1, 2, 3, 4, 5, 6, 7> {};
template <>
struct LaneNumbersOf<16> : LaneNumbers<0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15> {};

template <int kVectorWidth>
struct LaneVectors {
  static constexpr int kWidth = kVectorWidth;
  typedef float Floats __attribute__((vector_size(kVectorWidth * 4)));
  typedef int32_t Ints __attribute__((vector_size(kVectorWidth * 4)));

  static Floats all(float value) { return Floats{} + value; }

  static Floats load(const float* from) {
    Floats value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
  }
  static void store(float* to, const Floats& value) { __builtin_memcpy(to, &value, sizeof value); }

  static Floats lesser(const Floats& a, const Floats& b) { return a < b ? a : b; }
  static Floats greater(const Floats& a, const Floats& b) { return a > b ? a : b; }
  static Floats magnitude(const Floats& value) {
    return reinterpret_cast<Floats>(reinterpret_cast<Ints>(value) & INT32_MAX);
  }

  /// The nearest integer, ties to even, of magnitudes below 2^22: 1.5 * 2^23 leaves no bits for a fraction.
  static Floats rounded(const Floats& value) { return (value + 12582912.0f) - 12582912.0f; }

  static Floats inverse_or_zero(const Floats& value) {
    const Ints usable = magnitude(value) > all(kSmallestDivisor);
    return usable ? 1.0f / (usable ? value : all(1.0f)) : Floats{};
  }

  /// nearest_f16() for every lane.
  static Floats nearest_f16(const Floats& value) {
    const Ints bits = reinterpret_cast<Ints>(value);
    const Ints sign = bits & INT32_MIN;
    const Ints magnitude = bits & INT32_MAX;
    const Ints rounded = (magnitude + 0xFFF + (magnitude >> 13 & 1)) & ~0x1FFF;
    const Ints largest = sign - sign + 0x477FE000;
    const Ints finite = rounded < largest ? rounded : largest;
    const Floats subnormal = (reinterpret_cast<Floats>(magnitude) + 0.5f) - 0.5f;
    return reinterpret_cast<Floats>((magnitude < 0x38800000 ? reinterpret_cast<Ints>(subnormal) : finite) | sign);
  }

  /// nearest_bf16() for every lane.
  static Floats nearest_bf16(const Floats& value) {
    const Ints bits = reinterpret_cast<Ints>(value);
    return reinterpret_cast<Floats>((bits + 0x7FFF + (bits >> 16 & 1)) & ~0xFFFF);
  }

  /// Rows become columns.
  static void transpose(Floats (&rows)[kVectorWidth]) {
    if constexpr (kVectorWidth >= 16) exchange_rows<8>(rows);
    if constexpr (kVectorWidth >= 8) exchange_rows<4>(rows);
    if constexpr (kVectorWidth >= 4) exchange_rows<2>(rows);
    exchange_rows<1>(rows);
  }

 private:
  template <int kStep>
  static void exchange_rows(Floats (&rows)[kVectorWidth]) {
#pragma GCC unroll 16
    for (int row = 0; row < kVectorWidth; ++row) {
      if (row & kStep) continue;
      const Floats upper = rows[row], lower = rows[row + kStep];
      rows[row] = LaneNumbersOf<kVectorWidth>::template exchanged<kStep, false>(upper, lower);
      rows[row + kStep] = LaneNumbersOf<kVectorWidth>::template exchanged<kStep, true>(upper, lower);
    }
  }
};

}  // namespace
}  // namespace adze::codecs
