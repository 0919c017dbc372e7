// integer_products.h over lanes of sixteen i32; included behind <immintrin.h> and the operations of one ISA:
// Sums (kTileRows, kTileLanes), zero_sums, load_columns, splat_step, add_products, splat_sum, load_sums, store_sums,
// add, multiply, codes_of.
#pragma once

#include <cstdint>
#include <cstring>

#include "ops/standard/integer_products.h"

namespace adze::ops {
namespace {

inline int32_t step_at(const int8_t* from) {
  int32_t four;
  std::memcpy(&four, from, sizeof four);
  return four;
}

inline void copy_bytes(uint8_t* to, const uint8_t* from, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] = from[i];
}

/// Sixteen numbers of an array of which `count` exist.
template <typename T>
const T* padded(const T* from, int64_t count, T (&room)[kPanelLane]) {
  if (count >= kPanelLane) return from;
  for (int64_t i = 0; i < kPanelLane; ++i) room[i] = i < count ? from[i] : T{0};
  return room;
}

inline Sums ended(const IntegerPanelProduct& p, int64_t row, int64_t column, Sums sum) {
  if (!p.end) return sum;
  const int64_t count = p.columns - column;
  int32_t room[kPanelLane];
  if (p.end->row_terms) sum = add(sum, splat_sum(p.end->row_terms[row]));
  if (p.end->column_terms) sum = add(sum, load_sums(padded(p.end->column_terms + column, count, room)));
  if (!p.end->row_factors) return sum;
  const Sums factors = load_sums(padded(p.end->column_factors + column, count, room));
  return add(sum, multiply_sums(splat_sum(p.end->row_factors[row]), factors));
}

/// One lane of a row, from `column` on.
inline void store_sum(const IntegerPanelProduct& p, int64_t row, int64_t column, Sums sum) {
  const int64_t whole = p.columns - column, count = whole < kPanelLane ? whole : kPanelLane;
  sum = ended(p, row, column, sum);
  if (p.sums) {
    int32_t numbers[kPanelLane];
    store_sums(numbers, sum);
    std::memcpy(p.sums + row * p.out_step + column, numbers, static_cast<size_t>(count) * sizeof(int32_t));
    return;
  }
  const IntegerEnd& end = *p.end;
  float room[kPanelLane];
  uint8_t codes[kPanelLane];
  end.row_scales ? codes_of(sum, end.row_scales[row], end, codes)
                 : codes_of(sum, padded(end.column_scales + column, count, room), end, codes);
  copy_bytes(p.codes + row * p.out_step + column, codes, count);
}

/// All is inlined, so that the sums stay in registers.
template <int kRows, int kLanes>
struct IntegerTile {
  const IntegerPanelProduct& p;
  int64_t first, column;
  Sums sums[kRows][kLanes];

  [[gnu::always_inline]] void multiply() {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
      for (int lane = 0; lane < kLanes; ++lane) sums[r][lane] = zero_sums();
    }
    const int8_t* rows = p.rows + (first / kRowTile * kRowTile * p.steps + first % kRowTile) * kDepthOfStep;
    const uint8_t* panel = p.panel + column * kDepthOfStep;
    for (int64_t k = 0; k < p.steps; ++k, rows += kRowTile * kDepthOfStep, panel += kPanelColumns * kDepthOfStep) {
      Columns x[kLanes];
#pragma GCC unroll 3
      for (int lane = 0; lane < kLanes; ++lane) x[lane] = load_columns(panel + lane * kPanelLane * kDepthOfStep);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const Step w = splat_step(step_at(rows + r * kDepthOfStep));
#pragma GCC unroll 3
        for (int lane = 0; lane < kLanes; ++lane) add_products(sums[r][lane], x[lane], w);
      }
    }
  }

  [[gnu::always_inline]] void finish() const {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
      for (int lane = 0; lane < kLanes; ++lane) store_sum(p, first + r, column + lane * kPanelLane, sums[r][lane]);
    }
  }
};

template <int kRows, int kLanes>
void multiply_tile(const IntegerPanelProduct& p, int64_t first, int64_t column) {
  IntegerTile<kRows, kLanes> tile{p, first, column, {}};
  tile.multiply();
  tile.finish();
}

template <int kLanes>
void multiply_lanes(const IntegerPanelProduct& p, int64_t column) {
  int64_t row = 0;
  for (; row + kTileRows <= p.row_count; row += kTileRows) multiply_tile<kTileRows, kLanes>(p, row, column);
  for (; row + 2 <= p.row_count; row += 2) multiply_tile<2, kLanes>(p, row, column);
  if (row < p.row_count) multiply_tile<1, kLanes>(p, row, column);
}

inline void multiply_bytes(const IntegerPanelProduct& p) {
  constexpr int64_t kWidth = kTileLanes * kPanelLane;
  int64_t column = 0;
  // The last lane may be filled in part.
  for (; p.columns - column > kWidth - kPanelLane; column += kWidth) multiply_lanes<kTileLanes>(p, column);
  if constexpr (kTileLanes > 1) {
    if (p.columns - column > kPanelLane) return multiply_lanes<2>(p, column);
  }
  if (column < p.columns) multiply_lanes<1>(p, column);
}

// ---- panels

inline __m128i bytes_in(int32_t begin, int32_t end) {
  const __m128i at = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm_and_si128(_mm_cmpgt_epi8(at, _mm_set1_epi8(static_cast<char>(begin - 1))),
                       _mm_cmpgt_epi8(_mm_set1_epi8(static_cast<char>(end)), at));
}

inline __m128i load_bytes(const uint8_t* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }

inline __m128i every_second(const uint8_t* from) {
  const __m128i even = _mm_set1_epi16(0xFF);
  return _mm_packus_epi16(_mm_and_si128(load_bytes(from), even), _mm_and_si128(load_bytes(from + 16), even));
}

inline __m128i with_piece(const BytePanelFill& fill, const uint8_t* plane, const PanelPiece& piece, __m128i other) {
  const uint8_t* from = plane + piece.from;
  const bool inside = from >= fill.readable_begin && from + 16 * fill.stride <= fill.readable_end;
  if (inside && fill.stride <= 2) {
    const __m128i whole = fill.stride == 1 ? load_bytes(from) : every_second(from);
    if (piece.begin == 0 && piece.end == kPanelLane) return whole;
    return _mm_blendv_epi8(other, whole, bytes_in(piece.begin, piece.end));
  }
  uint8_t bytes[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), other);
  for (int32_t i = piece.begin; i < piece.end; ++i) bytes[i] = from[i * fill.stride];
  return load_bytes(bytes);
}

/// Sixteen places of four channels, of which `count` exist; each place's four numbers stand together afterwards.
inline void fill_lane(const BytePanelFill& fill, int64_t channel, const int32_t* pieces, uint8_t* to) {
  const __m128i flip = _mm_set1_epi8(static_cast<char>(fill.flip));
  __m128i planes[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    planes[i] = _mm_set1_epi8(static_cast<char>(fill.outside));
    const uint8_t* plane = fill.planes + (channel + i) * fill.plane;
    for (int32_t piece = pieces[0]; piece < pieces[1] && channel + i < fill.channels; ++piece) {
      planes[i] = with_piece(fill, plane, fill.pieces[piece], planes[i]);
    }
    planes[i] = _mm_xor_si128(planes[i], flip);
  }
  const __m128i low01 = _mm_unpacklo_epi8(planes[0], planes[1]), high01 = _mm_unpackhi_epi8(planes[0], planes[1]);
  const __m128i low23 = _mm_unpacklo_epi8(planes[2], planes[3]), high23 = _mm_unpackhi_epi8(planes[2], planes[3]);
  __m128i* out = reinterpret_cast<__m128i*>(to);
  _mm_storeu_si128(out, _mm_unpacklo_epi16(low01, low23));
  _mm_storeu_si128(out + 1, _mm_unpackhi_epi16(low01, low23));
  _mm_storeu_si128(out + 2, _mm_unpacklo_epi16(high01, high23));
  _mm_storeu_si128(out + 3, _mm_unpackhi_epi16(high01, high23));
}

inline void fill_bytes(const BytePanelFill& fill) { fill_lanes<fill_lane>(fill); }

}  // namespace
}  // namespace adze::ops
