// linear with 8-bit activations on Arm with dot products of bytes.
#include "ops/linear/q8_dot_dotprod.h"

namespace adze::ops {
namespace {

void multiply(const CodeRules& rules, const CodeTile* tiles, const Panel& panel, const Extent& extent, float* sums) {
  multiply_tile<DotOfFour, TileCodes<false>>(rules, tiles[0], panel, extent, sums);
}

}  // namespace

const Q8Kernels kQ8KernelsDotprod = {DotOfFour::kMaxTokens,     kMaxPackedTokens, 1, true, quantize, unpack, multiply,
                                     multiply_packed<DotOfFour>};

}  // namespace adze::ops
