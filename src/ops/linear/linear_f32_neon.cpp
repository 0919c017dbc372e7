// linear with f32 activations on NEON: four registers hold one number of each of 16 rows, half of a tile at a time.
// clang-format off: the operations come first
#include "ops/linear/scale_rows_neon.h"
#include "ops/linear/float_tile.h"
#include "ops/linear/rows16_widen.h"
// clang-format on

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 6;
constexpr int kMaxPlainTokens = 4;
constexpr int kRegisters = 4;  // of 16 rows

void widen(PlainNumber type, const uint8_t* group, int64_t numbers, float* tile) {
  widen_group(type, group, numbers, tile);
}

void decode(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& codes, float* tile) {
  unpack_tile(layout, record, blocks, 0, codes);
  decode_tile(layout, codes, blocks, tile);
}

template <PlainNumber kType>
inline __attribute__((always_inline)) float32x4_t load_four(const uint8_t* from) {
  if constexpr (kType == PlainNumber::f32) return vreinterpretq_f32_u8(vld1q_u8(from));
  if constexpr (kType == PlainNumber::f16) return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(from)));
  return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(vld1_u8(from)), 16));
}

/// sums[token][16] += the products of one group, whose numbers lie `step` bytes apart, and panel[number][kTokens].
template <int kTokens, PlainNumber kType>
void run_group(const uint8_t* group, int64_t step, const float* panel, int64_t numbers, float* sums) {
  constexpr int kFourBytes = kType == PlainNumber::f32 ? 16 : 8;
  float32x4_t sum[kTokens][kRegisters];
#pragma GCC unroll 6
  for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
    for (int i = 0; i < kRegisters; ++i) sum[t][i] = vld1q_f32(sums + t * kTileRows + 4 * i);
  }
  for (int64_t k = 0; k < numbers; ++k, group += step, panel += kTokens) {
    float32x4_t weights[kRegisters];
#pragma GCC unroll 4
    for (int i = 0; i < kRegisters; ++i) weights[i] = load_four<kType>(group + i * kFourBytes);
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
      for (int i = 0; i < kRegisters; ++i) sum[t][i] = vfmaq_n_f32(sum[t][i], weights[i], panel[t]);
    }
  }
#pragma GCC unroll 6
  for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
    for (int i = 0; i < kRegisters; ++i) vst1q_f32(sums + t * kTileRows + 4 * i, sum[t][i]);
  }
}

template <int kTokens>
void run(const float* tile, const float* panel, int64_t numbers, float* sums) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(tile);
  for (int row = 0; row < kTileRows; row += kGroupRows) {
    run_group<kTokens, PlainNumber::f32>(bytes + 4 * row, 4 * kTileRows, panel, numbers, sums + row);
  }
}

template <int kTokens>
void run_plain(const PlainGroups& groups, const float* panel, int64_t numbers, float* sums) {
  const uint8_t* both[2] = {groups.low, groups.high};
  for (const uint8_t* group : both) {
    if (groups.type == PlainNumber::f16) {
      run_group<kTokens, PlainNumber::f16>(group, 2 * kGroupRows, panel, numbers, sums);
    } else if (groups.type == PlainNumber::bf16) {
      run_group<kTokens, PlainNumber::bf16>(group, 2 * kGroupRows, panel, numbers, sums);
    } else {
      run_group<kTokens, PlainNumber::f32>(group, 4 * kGroupRows, panel, numbers, sums);
    }
    sums += kGroupRows;
  }
}

void multiply(const float* tile, const float* panel, int64_t numbers, int tokens, float* sums) {
  typedef void (*Run)(const float* tile, const float* panel, int64_t numbers, float* sums);
  static constexpr Run kRuns[kMaxTokens + 1] = {nullptr, run<1>, run<2>, run<3>, run<4>, run<5>, run<6>};
  kRuns[tokens](tile, panel, numbers, sums);
}

void multiply_plain(const PlainGroups& groups, const float* panel, int64_t numbers, int tokens, float* sums) {
  typedef void (*RunPlain)(const PlainGroups& groups, const float* panel, int64_t numbers, float* sums);
  static constexpr RunPlain kRuns[kMaxPlainTokens + 1] = {nullptr, run_plain<1>, run_plain<2>, run_plain<3>,
                                                          run_plain<4>};
  kRuns[tokens](groups, panel, numbers, sums);
}

}  // namespace

const F32Kernels kF32KernelsNeon = {kMaxTokens, kMaxPlainTokens, widen, decode, multiply, multiply_plain};

}  // namespace adze::ops
