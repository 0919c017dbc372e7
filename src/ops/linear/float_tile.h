// What the f32 kernels of `linear` work on: weights widened to floats, activations in panels of tokens.
// Plain structs only: files compiled for one ISA include this.
#pragma once

#include <cstdint>

#include "ops/linear/code_tile.h"
#include "ops/linear/rows16.h"

namespace adze::ops {

inline constexpr int kTileRows = 32;  // output rows of a float tile: two groups

enum class PlainNumber : uint8_t { f32, f16, bf16 };

struct PlainGroups {
  PlainNumber type;
  const uint8_t* low;   // rows 0 .. 15
  const uint8_t* high;  // rows 16 .. 31
};

/// The f32 kernels of one ISA. Every sum runs over the input features in order, in the lane of its row: results do not
/// depend on how many tokens share a panel.
struct F32Kernels {
  int max_tokens;        // of a panel
  int max_plain_tokens;  // of a panel for multiply_plain

  /// tile[number][32] = the numbers of one group of plain rows; `tile` is at the group's first or seventeenth column.
  void (*widen)(PlainNumber type, const uint8_t* group, int64_t numbers, float* tile);
  /// The same for quantized rows, by way of `codes`.
  void (*decode)(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& codes, float* tile);
  /// sums[token][32] += the products of tile[number][32] and panel[number][tokens].
  void (*multiply)(const float* tile, const float* panel, int64_t numbers, int tokens, float* sums);
  /// The same for two groups of plain rows as they lie, without a tile: for few tokens.
  void (*multiply_plain)(const PlainGroups& groups, const float* panel, int64_t numbers, int tokens, float* sums);
};

extern const F32Kernels kF32KernelsAvx512;
extern const F32Kernels kF32KernelsAvx2;
extern const F32Kernels kF32KernelsNeon;

}  // namespace adze::ops
