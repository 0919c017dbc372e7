// linear with 8-bit activations on Arm with dot products of bytes.
#include "ops/linear/q8_dot_dotprod.h"
#include "ops/linear/q8_super_products_neon.h"

namespace adze::ops {
namespace {

void multiply(const CodeRules& rules, const CodeTile* tiles, const Panel& panel, const Extent& extent, float* sums) {
  multiply_tile<DotOfFour, TileCodes<false>>(rules, tiles[0], panel, extent, sums);
}

}  // namespace

const Q8Kernels kQ8KernelsDotprod = {
    .max_tokens = DotOfFour::kMaxTokens,
    .max_packed_tokens = kMaxPackedTokens,
    .max_groups = 1,
    .activation_blocks = 1,
    .keeps_bytes_signed = true,
    .largest_code = 0,
    .sums_in_pairs = false,
    .quantize = quantize,
    .unpack = unpack,
    .multiply = multiply,
    .multiply_packed = multiply_packed<DotOfFour>,
};

const Q8Kernels kQ8SuperKernelsDotprod = {
    .max_tokens = DotOfFour::kMaxTokens,
    .max_packed_tokens = kMaxPackedTokens,
    .max_groups = 1,
    .activation_blocks = kSuperBlocks,
    .keeps_bytes_signed = true,
    .largest_code = 0,
    .sums_in_pairs = false,
    .quantize = quantize_super,
    .unpack = unpack_super,
    .multiply = multiply_super<DotOfFour>,
    .multiply_packed = multiply_super_packed<DotOfFour>,
};

}  // namespace adze::ops
