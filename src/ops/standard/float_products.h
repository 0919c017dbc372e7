// Products of float matrices, one table per ISA: tiles of rows times panels of columns, what fills panels with the
// windows of convolutions, and filters over planes.
//
// Sums run over the depth in order, one fused multiply-add after the other, whatever the tile; so a result depends
// neither on the tile it lies in nor on the number of threads. Plain structs only: files compiled for one ISA include
// this.
#pragma once

#include <cstdint>

namespace adze::ops {

/// Columns of a panel. It holds [depth][kPanelColumns] numbers, in lanes of kPanelLane; lanes in which no column lies
/// need not be set.
inline constexpr int64_t kPanelColumns = 48;
inline constexpr int64_t kPanelLane = 16;
/// Packed rows lie [rows / kRowTile][depth][kRowTile], with zeros behind the last row.
inline constexpr int64_t kRowTile = 8;

/// What is done with a sum before it is stored: + bias of the row, + addend, then limits or another slope below zero.
struct ProductEnd {
  const float* bias = nullptr;    // by row
  const float* addend = nullptr;  // lies as the result does
  bool clips = false;
  float least = 0, most = 0;
  bool leaks = false;
  float slope = 0;
};

struct PanelProduct {
  const float* rows;
  int64_t row_step;   // of rows that lie plainly; 0: they are packed
  int64_t row_depth;  // of packed rows as a whole, where this is a part of the depth
  int64_t row_count;
  int64_t depth;
  const float* panel;
  int64_t panel_step;  // numbers from one k to the next: kPanelColumns, or more where the panel lies in a tensor
  float* out;
  int64_t out_step;
  int64_t columns;        // of the result, at most kPanelColumns
  bool adds;              // to what is in `out`, as a sum over another part of the depth left it
  const ProductEnd* end;  // null: not the last part of the depth, or nothing to do
};

/// A part of a lane of sixteen columns, whose numbers lie one behind the other (or every `stride`-th).
struct PanelPiece {
  int64_t from;        // of column 0 of the lane, in a plane
  int32_t begin, end;  // columns of the lane
};

/// Lays out the windows of some channels as a panel: [channels][taps][kPanelColumns].
struct PanelFill {
  const float* planes;          // of the first channel
  const float* readable_begin;  // all of the tensor
  const float* readable_end;
  int64_t plane;  // numbers of a channel
  int64_t channels, taps, lanes;
  const PanelPiece* pieces;
  const int32_t* first_piece;  // of each tap and lane; one more at the end. No piece: zeros
  int64_t stride;
  float* panel;
};

/// One output plane of a convolution whose groups have one channel: sums over taps of a padded plane in which each tap
/// is a constant distance away.
struct PlaneFilter {
  const float* padded;  // row_step numbers a row; may be read 16 numbers beyond what is used
  const int64_t* distances;
  const float* weights;  // by tap
  int64_t taps;
  int64_t row_step;
  int64_t rows, columns;  // of the output
  float* out;
  float* scratch;  // rows * row_step + 64 numbers
  float bias;
  const ProductEnd* end;  // its bias is not read
};

struct FloatProducts {
  void (*multiply)(const PanelProduct& product);
  void (*fill)(const PanelFill& fill);
  void (*filter)(const PlaneFilter& filter);
};

extern const FloatProducts kFloatProductsAvx512;
extern const FloatProducts kFloatProductsAvx2;
extern const FloatProducts kFloatProductsNeon;
extern const FloatProducts kFloatProductsPortable;

}  // namespace adze::ops
