// Sixteen floats as one value, on AVX2: two registers. lanes_avx512.h has the same operations.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace adze::ops {
namespace {

struct Lanes {
  static constexpr int kCount = 16;
  static constexpr int kRegisters = 2;  // of the processor that a value takes
  __m256 low, high;
};

inline Lanes load(const float* from) { return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)}; }
inline void store(float* to, Lanes a) {
  _mm256_storeu_ps(to, a.low);
  _mm256_storeu_ps(to + 8, a.high);
}
/// Of the lanes from `first` on those before `count`.
inline __m256i lanes_before(int64_t count, int first) {
  const __m256i lanes = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(first));
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lanes);
}
/// The first `count` numbers, zeros behind them.
inline Lanes load_part(const float* from, int64_t count) {
  if (count >= Lanes::kCount) return load(from);
  return {_mm256_maskload_ps(from, lanes_before(count, 0)), _mm256_maskload_ps(from + 8, lanes_before(count, 8))};
}
inline void store_part(float* to, int64_t count, Lanes a) {
  if (count >= Lanes::kCount) return store(to, a);
  _mm256_maskstore_ps(to, lanes_before(count, 0), a.low);
  _mm256_maskstore_ps(to + 8, lanes_before(count, 8), a.high);
}
/// Stops GCC from loading a value again for each use.
inline void keep_in_register(Lanes& a) { asm("" : "+x"(a.low), "+x"(a.high)); }
inline Lanes splat(float a) { return {_mm256_set1_ps(a), _mm256_set1_ps(a)}; }
inline Lanes operator+(Lanes a, Lanes b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
inline Lanes operator-(Lanes a, Lanes b) { return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
inline Lanes operator*(Lanes a, Lanes b) { return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
inline Lanes operator/(Lanes a, Lanes b) { return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)}; }
/// a * b + c, rounded once.
inline Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
/// The larger or smaller; b where one is NaN.
inline Lanes larger(Lanes a, Lanes b) { return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }
inline Lanes smaller(Lanes a, Lanes b) { return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)}; }
/// The nearest integer, ties to even.
inline Lanes nearest(Lanes a) {
  constexpr int kMode = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  return {_mm256_round_ps(a.low, kMode), _mm256_round_ps(a.high, kMode)};
}

inline __m256 power_of_two(__m256i n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
// In three steps, of which only the last can leave the normal range: rounded once.
inline __m256 times_power_of_two(__m256 a, __m256 n) {
  const __m256i all = _mm256_cvtps_epi32(n);
  const __m256i third = _mm256_srai_epi32(all, 2);
  const __m256i rest = _mm256_sub_epi32(all, _mm256_add_epi32(third, third));
  const __m256 factor = power_of_two(third);
  return _mm256_mul_ps(_mm256_mul_ps(_mm256_mul_ps(a, factor), factor), power_of_two(rest));
}
/// a * 2^n for integers n within -300 .. 200 where a * 2^(n / 2) is normal, rounded once.
inline Lanes times_power_of_two(Lanes a, Lanes n) {
  return {times_power_of_two(a.low, n.low), times_power_of_two(a.high, n.high)};
}

inline __m256 times_normal_power_of_two(__m256 a, __m256 n) {
  const __m256i all = _mm256_cvtps_epi32(n);
  const __m256i normal = _mm256_cmpgt_epi32(all, _mm256_set1_epi32(-127));
  return _mm256_mul_ps(a, _mm256_and_ps(power_of_two(all), _mm256_castsi256_ps(normal)));
}
/// a * 2^n for integers n <= 127; where n < -126 it may be 0.
inline Lanes times_normal_power_of_two(Lanes a, Lanes n) {
  return {times_normal_power_of_two(a.low, n.low), times_normal_power_of_two(a.high, n.high)};
}

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
inline float lane_sum(Lanes a) { return fold_sum(_mm256_add_ps(a.low, a.high)); }
inline float lane_maximum(Lanes a) { return fold_maximum(_mm256_max_ps(a.low, a.high)); }

inline __m256 within(__m256 a, int first, int begin, int end, __m256 other) {
  const __m256i lane = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(first));
  const __m256i inside = _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(begin), lane),
                                             _mm256_cmpgt_epi32(_mm256_set1_epi32(end), lane));
  return _mm256_blendv_ps(other, a, _mm256_castsi256_ps(inside));
}
/// a in the lanes [begin, end), other elsewhere.
inline Lanes within(Lanes a, int begin, int end, Lanes other) {
  return {within(a.low, 0, begin, end, other.low), within(a.high, 8, begin, end, other.high)};
}

inline Lanes load_float_bytes(const uint8_t* from) {
  const auto* floats = reinterpret_cast<const float*>(from);
  return {_mm256_loadu_ps(floats), _mm256_loadu_ps(floats + 8)};
}
inline Lanes load_f16(const uint8_t* from) {
  const auto* halves = reinterpret_cast<const __m128i*>(from);
  return {_mm256_cvtph_ps(_mm_loadu_si128(halves)), _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
}
inline Lanes widen_codes(__m128i codes) {
  return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes)),
          _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_unpackhi_epi64(codes, codes)))};
}
/// Sixteen int8.
inline Lanes load_codes(const uint8_t* from) {
  return widen_codes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
/// The low or high four bits of sixteen bytes, minus 8.
inline Lanes load_low_nibbles(const uint8_t* from) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return widen_codes(_mm_sub_epi8(_mm_and_si128(bytes, _mm_set1_epi8(15)), _mm_set1_epi8(8)));
}
inline Lanes load_high_nibbles(const uint8_t* from) {
  const __m128i bytes = _mm_srli_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)), 4);
  return widen_codes(_mm_sub_epi8(_mm_and_si128(bytes, _mm_set1_epi8(15)), _mm_set1_epi8(8)));
}
inline void store_f16(uint8_t* to, Lanes a) {
  constexpr int kMode = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  auto* halves = reinterpret_cast<__m128i*>(to);
  _mm_storeu_si128(halves, _mm256_cvtps_ph(a.low, kMode));
  _mm_storeu_si128(halves + 1, _mm256_cvtps_ph(a.high, kMode));
}

/// Numbers that lie in turns: first, second, first, second …
struct Pairs {
  Lanes first, second;
};
struct PairHalves {
  __m256 first, second;
};
inline PairHalves load_eight_pairs(const float* from) {
  const __m256 low = _mm256_loadu_ps(from), high = _mm256_loadu_ps(from + 8);
  const auto in_order = [](__m256 a) {
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(a), 0xD8));  // 0 2 1 3
  };
  return {in_order(_mm256_shuffle_ps(low, high, 0x88)), in_order(_mm256_shuffle_ps(low, high, 0xDD))};
}
inline Pairs load_pairs(const float* from) {
  const PairHalves low = load_eight_pairs(from), high = load_eight_pairs(from + 16);
  return {{low.first, high.first}, {low.second, high.second}};
}
inline void store_eight_pairs(float* to, __m256 first, __m256 second) {
  const __m256 low = _mm256_unpacklo_ps(first, second), high = _mm256_unpackhi_ps(first, second);
  _mm256_storeu_ps(to, _mm256_permute2f128_ps(low, high, 0x20));
  _mm256_storeu_ps(to + 8, _mm256_permute2f128_ps(low, high, 0x31));
}
inline void store_pairs(float* to, const Pairs& pairs) {
  store_eight_pairs(to, pairs.first.low, pairs.second.low);
  store_eight_pairs(to + 16, pairs.first.high, pairs.second.high);
}

}  // namespace
}  // namespace adze::ops
