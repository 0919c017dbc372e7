// linear with 8-bit activations on any 64-bit Arm processor: products of bytes are summed up in 16 bits, then widened.
#include "ops/linear/q8_super_products_neon.h"

namespace adze::ops {
namespace {

struct WidenedProducts {
  static constexpr int kMaxTokens = 4;

  /// sum[token][quarter] += the products of kHalves halves of a block; the activations of a token are 32 bytes apart.
  template <int kTokens, int kHalves, typename Codes>
  static inline __attribute__((always_inline)) void add(const Codes& codes, int first_half, const int8_t* activations,
                                                        int32x4_t (&sum)[kTokens][kQuarters]) {
    // Sums of a quad's products that fit into 16 bits: 2 * 128 * 127 or 4 * 63 * 127.
    constexpr int kQuadsTogether = Codes::kIsWide ? 2 : 4;
    for (int q = 4 * first_half; q < 4 * (first_half + kHalves); q += kQuadsTogether) {
#pragma GCC unroll 4
      for (int j = 0; j < kQuarters; ++j) {
        int8x16_t weights[kQuadsTogether];
#pragma GCC unroll 4
        for (int i = 0; i < kQuadsTogether; ++i) weights[i] = codes.quad(q + i, j);
#pragma GCC unroll 4
        for (int t = 0; t < kTokens; ++t) add_quads(weights, activations + kBlockNumbers * t + 4 * q, sum[t][j]);
      }
    }
  }

 private:
  template <int kCount>
  static inline __attribute__((always_inline)) void add_quads(const int8x16_t (&weights)[kCount], const int8_t* x,
                                                              int32x4_t& sum) {
    int16x8_t low = vmull_s8(vget_low_s8(weights[0]), vget_low_s8(broadcast_quad(x)));
    int16x8_t high = vmull_high_s8(weights[0], broadcast_quad(x));
#pragma GCC unroll 3
    for (int i = 1; i < kCount; ++i) {
      const int8x16_t quad = broadcast_quad(x + 4 * i);
      low = vmlal_s8(low, vget_low_s8(weights[i]), vget_low_s8(quad));
      high = vmlal_high_s8(high, weights[i], quad);
    }
    sum = vaddq_s32(sum, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
  }
  static inline __attribute__((always_inline)) int8x16_t broadcast_quad(const int8_t* quad) {
    int32_t bits;
    __builtin_memcpy(&bits, quad, 4);
    return vreinterpretq_s8_s32(vdupq_n_s32(bits));
  }
};

void multiply(const CodeRules& rules, const CodeTile* tiles, const Panel& panel, const Extent& extent, float* sums) {
  if (rules.bits > 6) return multiply_tile<WidenedProducts, TileCodes<true>>(rules, tiles[0], panel, extent, sums);
  multiply_tile<WidenedProducts, TileCodes<false>>(rules, tiles[0], panel, extent, sums);
}

}  // namespace

const Q8Kernels kQ8KernelsNeon = {
    .max_tokens = WidenedProducts::kMaxTokens,
    .max_packed_tokens = kMaxPackedTokens,
    .max_groups = 1,
    .activation_blocks = 1,
    .keeps_bytes_signed = true,
    .largest_code = 0,
    .sums_in_pairs = false,
    .quantize = quantize,
    .unpack = unpack,
    .multiply = multiply,
    .multiply_packed = multiply_packed<WidenedProducts>,
};

const Q8Kernels kQ8SuperKernelsNeon = {
    .max_tokens = WidenedProducts::kMaxTokens,
    .max_packed_tokens = kMaxPackedTokens,
    .max_groups = 1,
    .activation_blocks = kSuperBlocks,
    .keeps_bytes_signed = true,
    .largest_code = 0,
    .sums_in_pairs = false,
    .quantize = quantize_super,
    .unpack = unpack_super,
    .multiply = multiply_super<WidenedProducts>,
    .multiply_packed = multiply_super_packed<WidenedProducts>,
};

}  // namespace adze::ops
