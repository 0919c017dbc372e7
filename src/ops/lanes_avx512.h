// Sixteen floats as one value, on AVX-512. lanes_avx2.h has the same operations.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace adze::ops {
namespace {

struct Lanes {
  static constexpr int kCount = 16;
  static constexpr int kRegisters = 1;  // of the processor that a value takes
  __m512 v;
};

inline Lanes load(const float* from) { return {_mm512_loadu_ps(from)}; }
inline void store(float* to, Lanes a) { _mm512_storeu_ps(to, a.v); }
inline __mmask16 first_lanes(int64_t count) {
  return count >= Lanes::kCount ? __mmask16{0xFFFF} : static_cast<__mmask16>((1u << count) - 1);
}
/// The first `count` numbers, zeros behind them.
inline Lanes load_part(const float* from, int64_t count) { return {_mm512_maskz_loadu_ps(first_lanes(count), from)}; }
inline void store_part(float* to, int64_t count, Lanes a) { _mm512_mask_storeu_ps(to, first_lanes(count), a.v); }
/// Stops GCC from loading a value again for each use.
inline void keep_in_register(Lanes& a) { asm("" : "+v"(a.v)); }
inline Lanes splat(float a) { return {_mm512_set1_ps(a)}; }
inline Lanes operator+(Lanes a, Lanes b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Lanes operator-(Lanes a, Lanes b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline Lanes operator*(Lanes a, Lanes b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline Lanes operator/(Lanes a, Lanes b) { return {_mm512_div_ps(a.v, b.v)}; }
/// a * b + c, rounded once.
inline Lanes multiply_add(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
/// The larger or smaller; b where one is NaN.
inline Lanes larger(Lanes a, Lanes b) { return {_mm512_max_ps(a.v, b.v)}; }
inline Lanes smaller(Lanes a, Lanes b) { return {_mm512_min_ps(a.v, b.v)}; }
/// The nearest integer, ties to even.
inline Lanes nearest(Lanes a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
/// a * 2^n for integers n within -300 .. 300, rounded once.
inline Lanes times_power_of_two(Lanes a, Lanes n) { return {_mm512_scalef_ps(a.v, n.v)}; }

/// a * 2^n for integers n <= 127; where n < -126 it may be 0.
inline Lanes times_normal_power_of_two(Lanes a, Lanes n) { return times_power_of_two(a, n); }

inline float fold_sum(__m256 a) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}
inline float fold_maximum(__m256 a) {
  __m128 half = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  half = _mm_max_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}
/// Sum and maximum of all lanes: halves are folded together until one is left.
inline float lane_sum(Lanes a) {
  return fold_sum(_mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1)));
}
inline float lane_maximum(Lanes a) {
  return fold_maximum(_mm256_max_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1)));
}

/// a in the lanes [begin, end), other elsewhere.
inline Lanes within(Lanes a, int begin, int end, Lanes other) {
  const int first = begin < 0 ? 0 : begin > 16 ? 16 : begin;
  const int last = end < 0 ? 0 : end > 16 ? 16 : end;
  const auto mask = static_cast<__mmask16>(((1u << last) - 1) & ~((1u << first) - 1));
  return {_mm512_mask_mov_ps(other.v, mask, a.v)};
}

inline Lanes load_float_bytes(const uint8_t* from) { return {_mm512_loadu_ps(from)}; }
inline Lanes load_f16(const uint8_t* from) {
  return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)))};
}
inline __m512i load_bytes(const uint8_t* from) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
/// Sixteen int8.
inline Lanes load_codes(const uint8_t* from) {
  return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))))};
}
// Looks up the lowest four bits of each lane.
inline Lanes nibble_values(__m512i codes) {
  return {_mm512_permutexvar_ps(codes, _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7))};
}
/// The low or high four bits of sixteen bytes, minus 8.
inline Lanes load_low_nibbles(const uint8_t* from) { return nibble_values(load_bytes(from)); }
inline Lanes load_high_nibbles(const uint8_t* from) { return nibble_values(_mm512_srli_epi32(load_bytes(from), 4)); }
inline void store_f16(uint8_t* to, Lanes a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                      _mm512_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

/// Numbers that lie in turns: first, second, first, second …
struct Pairs {
  Lanes first, second;
};
inline Pairs load_pairs(const float* from) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
  const __m512 low = _mm512_loadu_ps(from), high = _mm512_loadu_ps(from + 16);
  return {{_mm512_permutex2var_ps(low, even, high)}, {_mm512_permutex2var_ps(low, odd, high)}};
}
inline void store_pairs(float* to, const Pairs& pairs) {
  const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
  _mm512_storeu_ps(to, _mm512_permutex2var_ps(pairs.first.v, low, pairs.second.v));
  _mm512_storeu_ps(to + 16, _mm512_permutex2var_ps(pairs.first.v, high, pairs.second.v));
}

}  // namespace
}  // namespace adze::ops
