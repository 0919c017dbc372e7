// Products of codes with the instruction that sums four products of bytes.
#pragma once

#include "ops/linear/q8_products_neon.h"

namespace adze::ops {
namespace {

struct DotOfFour {
  static constexpr int kMaxTokens = 4;

  /// sum[token][quarter] += the products of kHalves halves of a block; the activations of a token are 32 bytes apart.
  template <int kTokens, int kHalves, typename Codes>
  static inline __attribute__((always_inline)) void add(const Codes& codes, int first_half, const int8_t* activations,
                                                        int32x4_t (&sum)[kTokens][kQuarters]) {
#pragma GCC unroll 2
    for (int half = first_half; half < first_half + kHalves; ++half) {
      int8x16_t x[kTokens];
#pragma GCC unroll 6
      for (int t = 0; t < kTokens; ++t) x[t] = vld1q_s8(activations + kBlockNumbers * t + kHalfNumbers * half);
      add_quad<0>(codes, half, x, sum);
      add_quad<1>(codes, half, x, sum);
      add_quad<2>(codes, half, x, sum);
      add_quad<3>(codes, half, x, sum);
    }
  }

 private:
  template <int kQuad, int kTokens, typename Codes>
  static inline __attribute__((always_inline)) void add_quad(const Codes& codes, int half,
                                                             const int8x16_t (&x)[kTokens],
                                                             int32x4_t (&sum)[kTokens][kQuarters]) {
#pragma GCC unroll 4
    for (int j = 0; j < kQuarters; ++j) {
      const int8x16_t weights = codes.quad(4 * half + kQuad, j);
#pragma GCC unroll 6
      for (int t = 0; t < kTokens; ++t) sum[t][j] = vdotq_laneq_s32(sum[t][j], weights, x[t], kQuad);
    }
  }
};

}  // namespace
}  // namespace adze::ops
