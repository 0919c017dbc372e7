// linear with 8-bit activations on Arm with products of byte matrices: two rows of eight numbers times two tokens.
#include "ops/linear/q8_dot_dotprod.h"

namespace adze::ops {
namespace {

constexpr int kRowPairs = kGroupRows / 2;
constexpr int kPlanePairBytes = 2 * kPlaneBytes;

// Tiles keep the eight numbers of two neighbouring quads together: 16 bytes are those of rows 2 p and 2 p + 1.
void pair_quads(uint8_t* planes) {
  int32x4_t even[kQuarters], odd[kQuarters];
  for (int j = 0; j < kQuarters; ++j) {
    even[j] = vreinterpretq_s32_u8(vld1q_u8(planes + j * kRegisterBytes));
    odd[j] = vreinterpretq_s32_u8(vld1q_u8(planes + kPlaneBytes + j * kRegisterBytes));
  }
  for (int j = 0; j < kQuarters; ++j) {
    vst1q_u8(planes + 2 * j * kRegisterBytes, vreinterpretq_u8_s32(vzip1q_s32(even[j], odd[j])));
    vst1q_u8(planes + (2 * j + 1) * kRegisterBytes, vreinterpretq_u8_s32(vzip2q_s32(even[j], odd[j])));
  }
}

void unpack_pairs(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack(layout, record, blocks, tile);
  for (int at = 0; at < blocks * kQuads * kPlaneBytes; at += kPlanePairBytes) pair_quads(tile.codes + at);
}

struct PairCodes {
  static constexpr int kBlockBytes = kQuads * kPlaneBytes;
  const uint8_t* at;
  // Numbers 8 k .. 8 k + 7 of two rows.
  inline __attribute__((always_inline)) int8x16_t eight(int k, int row_pair) const {
    return vreinterpretq_s8_u8(vld1q_u8(at + k * kPlanePairBytes + row_pair * kRegisterBytes));
  }
};

struct MatrixProducts {
  static constexpr int kMaxTokens = 6;

  template <int kTokens, int kHalves>
  static inline __attribute__((always_inline)) void add(const PairCodes& codes, int first_half,
                                                        const int8_t* activations,
                                                        int32x4_t (&sum)[kTokens][kQuarters]) {
    constexpr int kTokenPairs = (kTokens + 1) / 2;
    int32x4_t squares[kTokenPairs][kRowPairs];  // of two rows and two tokens each
#pragma GCC unroll 3
    for (int t = 0; t < kTokenPairs; ++t) {
#pragma GCC unroll 8
      for (int p = 0; p < kRowPairs; ++p) squares[t][p] = vdupq_n_s32(0);
    }
#pragma GCC unroll 4
    for (int k = 2 * first_half; k < 2 * (first_half + kHalves); ++k)
      add_eight<kTokens>(codes, k, activations, squares);
#pragma GCC unroll 4
    for (int j = 0; j < kQuarters; ++j) {
#pragma GCC unroll 6
      for (int t = 0; t < kTokens; ++t) {
        const int32x4_t low = squares[t / 2][2 * j], high = squares[t / 2][2 * j + 1];
        sum[t][j] = vaddq_s32(sum[t][j], t % 2 == 0 ? vuzp1q_s32(low, high) : vuzp2q_s32(low, high));
      }
    }
  }

 private:
  template <int kTokens>
  static inline __attribute__((always_inline)) void add_eight(const PairCodes& codes, int k, const int8_t* activations,
                                                              int32x4_t (&squares)[(kTokens + 1) / 2][kRowPairs]) {
    constexpr int kTokenPairs = (kTokens + 1) / 2;
    int8x16_t x[kTokenPairs];
#pragma GCC unroll 3
    for (int t = 0; t < kTokenPairs; ++t) {
      const int8_t* first = activations + 2 * t * kBlockNumbers + 8 * k;
      const int8_t* second = 2 * t + 1 < kTokens ? first + kBlockNumbers : first;  // nobody reads its sums
      x[t] = vcombine_s8(vld1_s8(first), vld1_s8(second));
    }
#pragma GCC unroll 8
    for (int p = 0; p < kRowPairs; ++p) {
      const int8x16_t weights = codes.eight(k, p);
#pragma GCC unroll 3
      for (int t = 0; t < kTokenPairs; ++t) squares[t][p] = vmmlaq_s32(squares[t][p], weights, x[t]);
    }
  }
};

void multiply(const CodeRules& rules, const CodeTile* tiles, const Panel& panel, const Extent& extent, float* sums) {
  multiply_tile<MatrixProducts, PairCodes>(rules, tiles[0], panel, extent, sums);
}

}  // namespace

const Q8Kernels kQ8KernelsI8mm = {
    .max_tokens = MatrixProducts::kMaxTokens,
    .max_packed_tokens = kMaxPackedTokens,
    .max_groups = 1,
    .activation_blocks = 1,
    .keeps_bytes_signed = true,
    .largest_code = 0,
    .sums_in_pairs = false,
    .quantize = quantize,
    .unpack = unpack_pairs,
    .multiply = multiply,
    .multiply_packed = multiply_packed<DotOfFour>,
};

}  // namespace adze::ops
