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
inline void store_f16(uint8_t* to, Lanes a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                      _mm512_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

/// to[column][16] = the rows from[0..15], turned.
inline void transpose(const float* from, int64_t from_stride, float* to, int64_t to_stride) {
  __m512 r[16], s[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = _mm512_loadu_ps(from + i * from_stride);
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    s[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
    s[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {  // r[i + c]: column c of each 128-bit lane, rows i .. i + 3
    r[i] = _mm512_shuffle_ps(s[i], s[i + 2], 0x44);
    r[i + 1] = _mm512_shuffle_ps(s[i], s[i + 2], 0xEE);
    r[i + 2] = _mm512_shuffle_ps(s[i + 1], s[i + 3], 0x44);
    r[i + 3] = _mm512_shuffle_ps(s[i + 1], s[i + 3], 0xEE);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const __m512 a = _mm512_shuffle_f32x4(r[c], r[c + 4], 0x88);       // lanes 0, 2 of rows 0 .. 7
    const __m512 b = _mm512_shuffle_f32x4(r[c], r[c + 4], 0xDD);       // lanes 1, 3
    const __m512 e = _mm512_shuffle_f32x4(r[c + 8], r[c + 12], 0x88);  // the same of rows 8 .. 15
    const __m512 f = _mm512_shuffle_f32x4(r[c + 8], r[c + 12], 0xDD);
    _mm512_storeu_ps(to + c * to_stride, _mm512_shuffle_f32x4(a, e, 0x88));
    _mm512_storeu_ps(to + (c + 4) * to_stride, _mm512_shuffle_f32x4(b, f, 0x88));
    _mm512_storeu_ps(to + (c + 8) * to_stride, _mm512_shuffle_f32x4(a, e, 0xDD));
    _mm512_storeu_ps(to + (c + 12) * to_stride, _mm512_shuffle_f32x4(b, f, 0xDD));
  }
}

}  // namespace
}  // namespace adze::ops
