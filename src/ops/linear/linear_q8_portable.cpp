// linear with 8-bit activations in plain C++: the recipe of the fast kernels step by step, and the same bits.
// clang-format off: the operations come first
#include "ops/linear/scale_rows_portable.h"
#include "ops/linear/code_tile.h"
#include "ops/linear/panel_column.h"
#include "ops/linear/rows16_super_blocks.h"
// clang-format on

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 6;

struct QuantizeLanes {
  static uint32_t largest_bits(const float* x) {
    uint32_t largest = 0;
    for (int i = 0; i < kBlockNumbers; ++i) {
      uint32_t bits;
      __builtin_memcpy(&bits, x + i, sizeof bits);
      largest = std::max(largest, bits & 0x7FFFFFFFu);
    }
    return largest;
  }
  static void store_codes(const float* x, float inverse, int8_t* codes, HalfSums* halves) {
    for (int half = 0; half < 2; ++half) {
      halves[half] = {};
      for (int i = 16 * half; i < 16 * half + 16; ++i) {
        codes[i] = static_cast<int8_t>(std::nearbyintf(x[i] * inverse));
        halves[half].sum += codes[i];
        halves[half].magnitude += std::abs(codes[i]);
      }
    }
  }
};

void quantize(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_column(QuantizeLanes{}, x, blocks, rules, column, tokens);
}

void quantize_super(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_super_column(QuantizeLanes{}, x, blocks, rules, column, tokens);
}

void unpack(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack_tile(layout, record, blocks, 0, tile);
}

void unpack_super(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack_super_tile(layout, record, blocks, false, tile);
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
  const SumWords words = sum_words(*o.rules.layout);
  const float* scales = o.tile.scales + part * kGroupRows;
  for (int t = 0; t < o.tokens; ++t, totals += stride) {
    const int8_t* x = o.panel.codes + (block * o.tokens + t) * kBlockNumbers + 4 * first;
    const float x_scale = o.panel.scales[block * o.tokens + t];
    const int32_t* given = o.panel.sums + part * word_count(words) * o.tokens + t;
    int32_t sums[kGroupRows];
    sum_codes(o.tile.codes + (block * kQuads + first) * kPlaneBytes, x, quads,
              words == SumWords::scaled ? 0 : *given - kSumStart, sums);
    float scaled_sum = 0;  // of the codes, where there are minima
    if (words != SumWords::start) {
      __builtin_memcpy(&scaled_sum, given + (word_count(words) - 1) * o.tokens, sizeof scaled_sum);
    }
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

// ---- a scale per super-block

// One token's share of a super-block: activations `stride` apart, words behind the widest part.
struct Column {
  const int8_t* codes;
  const int32_t* words;
  int64_t stride;
};

// sums[row] = S of code_tile.h.
void sum_super_block(const CodeRules& rules, const uint8_t* codes, const SuperBlockScales& scales, const Column& x,
                     int32_t (&sums)[kGroupRows]) {
  const int quads = kQuads / rules.scales_per_block;
  for (int32_t& sum : sums) sum = 0;
  for (int part = 0; part < kSuperBlocks * rules.scales_per_block; ++part) {
    int32_t part_sums[kGroupRows];
    const int block = part / rules.scales_per_block;
    const int first = part % rules.scales_per_block * quads;
    sum_codes(codes + part * quads * kPlaneBytes, x.codes + block * x.stride * kBlockNumbers + 4 * first, quads,
              rules.sums_in_pairs ? 0 : x.words[part * x.stride], part_sums);
    for (int row = 0; row < kGroupRows; ++row) sums[row] += scales.parts[part][row] * part_sums[row];
  }
}

// M of code_tile.h for one row.
int32_t sum_minima(const CodeRules& rules, const SuperBlockScales& scales, const Column& x, int row) {
  int32_t sum = 0;
  for (int pair = 0; pair < kSuperBlocks * rules.scales_per_block / 2; ++pair) {
    const int32_t minima = scales.minimum_pairs[pair][row];
    const int32_t code_sums = x.words[pair * x.stride];
    sum += (minima & 0xFFFF) * static_cast<int16_t>(code_sums & 0xFFFF) + (minima >> 16) * (code_sums >> 16);
  }
  return sum;
}

void add_super_block(const CodeRules& rules, const uint8_t* codes, const SuperBlockScales& scales, const Column& x,
                     float x_scale, float* totals) {
  int32_t sums[kGroupRows];
  sum_super_block(rules, codes, scales, x, sums);
  for (int row = 0; row < kGroupRows; ++row) {
    float value = scales.scale[row] * static_cast<float>(sums[row]);
    if (rules.has_minima) {
      const float minimum = scales.minimum[row] * static_cast<float>(sum_minima(rules, scales, x, row));
      value = std::fma(scales.scale[row], static_cast<float>(sums[row]), -minimum);
    }
    totals[row] = std::fma(value, x_scale, totals[row]);
  }
}

void multiply_super(const CodeRules& rules, const CodeTile* tiles, const Panel& panel, const Extent& extent,
                    float* sums) {
  const int64_t tokens = extent.tokens;
  for (int s = 0; s < extent.blocks / kSuperBlocks; ++s) {
    const uint8_t* codes = tiles[0].codes + s * kSuperBlocks * kQuads * kPlaneBytes;
    for (int64_t t = 0; t < tokens; ++t) {
      const Column column{panel.codes + (s * kSuperBlocks * tokens + t) * kBlockNumbers,
                          panel.sums + (s * rules.sums + 1) * tokens + t, tokens};
      add_super_block(rules, codes, tiles[0].super_blocks[s], column, panel.scales[s * tokens + t],
                      sums + t * kGroupRows);
    }
  }
}

}  // namespace

const Q8Kernels kQ8KernelsPortable = {
    .max_tokens = kMaxTokens,
    .max_packed_tokens = 0,
    .max_groups = 1,
    .activation_blocks = 1,
    .keeps_bytes_signed = false,
    .largest_code = 0,
    .sums_in_pairs = false,
    .quantize = quantize,
    .unpack = unpack,
    .multiply = multiply,
    .multiply_packed = nullptr,
};

const Q8Kernels kQ8SuperKernelsPortable = {
    .max_tokens = kMaxTokens,
    .max_packed_tokens = 0,
    .max_groups = 1,
    .activation_blocks = kSuperBlocks,
    .keeps_bytes_signed = false,
    .largest_code = 0,
    .sums_in_pairs = false,
    .quantize = quantize_super,
    .unpack = unpack_super,
    .multiply = multiply_super,
    .multiply_packed = nullptr,
};

}  // namespace adze::ops
