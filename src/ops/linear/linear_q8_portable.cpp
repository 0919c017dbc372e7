// linear with 8-bit activations in plain C++: the recipe of the fast kernels step by step, and the same bits.
// clang-format off: the operations come first
#include "ops/linear/scale_rows_portable.h"
#include "ops/linear/code_tile.h"
#include "ops/linear/panel_column.h"
#include "ops/linear/rows16_unpack.h"
// clang-format on

#include <cmath>

#include "ops/linear/quantize_activation.h"

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 6;

BlockSums quantize_block(const float* x, int8_t* codes) {
  BlockSums block{};
  quantize_activation(x, kBlockNumbers, kBlockNumbers, codes, &block.scale);
  for (int i = 0; i < kBlockNumbers; ++i) block.halves[i / 16] += codes[i];
  return block;
}

void quantize(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_column(x, blocks, rules, column, tokens, quantize_block);
}

void unpack(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack_tile(layout, record, blocks, 0, tile);
}

// sums[row] = start + the products of the quads with one token's activations.
void sum_codes(const uint8_t* quads, const int8_t* x, int count, int32_t start, int32_t (&sums)[kGroupRows]) {
  for (int row = 0; row < kGroupRows; ++row) {
    int32_t sum = start;
    for (int q = 0; q < count; ++q) {
      for (int i = 0; i < 4; ++i) sum += quads[q * kPlaneBytes + 4 * row + i] * x[4 * q + i];
    }
    sums[row] = sum;
  }
}

struct Operands {
  const CodeRules& rules;
  const CodeTile& tile;
  const Panel& panel;
  int tokens;
};

// The numbers of one weight scale: `part` counts them over the blocks of the stretch.
void add_part(const Operands& o, int part, float* totals, int64_t stride) {
  const int quads = kQuads / o.rules.scales_per_block;
  const int block = part / o.rules.scales_per_block;
  const int first = part % o.rules.scales_per_block * quads;
  const float* scales = o.tile.scales + part * kGroupRows;
  for (int t = 0; t < o.tokens; ++t, totals += stride) {
    const int8_t* x = o.panel.codes + (block * o.tokens + t) * kBlockNumbers + 4 * first;
    const float x_scale = o.panel.scales[block * o.tokens + t];
    const int32_t given = o.panel.sums[part * o.tokens + t];
    int32_t sums[kGroupRows];
    sum_codes(o.tile.codes + (block * kQuads + first) * kPlaneBytes, x, quads,
              o.rules.has_minima ? 0 : given - kSumStart, sums);
    float scaled_sum = 0;  // of the codes, where there are minima
    if (o.rules.has_minima) __builtin_memcpy(&scaled_sum, &given, sizeof scaled_sum);
    for (int row = 0; row < kGroupRows; ++row) {
      const float product = static_cast<float>(sums[row]) * scales[row];
      totals[row] = std::fma(product, x_scale, totals[row]);
      if (o.rules.has_minima) totals[row] = std::fma(-o.tile.minima[part * kGroupRows + row], scaled_sum, totals[row]);
    }
  }
}

void multiply(const CodeRules& rules, const CodeTile* tiles, const Panel& panel, const Extent& extent, float* sums) {
  for (int group = 0; group < extent.groups; ++group) {
    for (int part = 0; part < extent.blocks * rules.scales_per_block; ++part) {
      add_part({rules, tiles[group], panel, extent.tokens}, part, sums + group * kGroupRows,
               extent.groups * kGroupRows);
    }
  }
}

}  // namespace

const Q8Kernels kQ8KernelsPortable = {kMaxTokens, 0, 1, false, quantize, unpack, multiply, nullptr};

}  // namespace adze::ops
