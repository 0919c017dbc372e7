// attention on AVX-512.
// clang-format off: the operations come first
#include "ops/lanes_avx512.h"
#include "ops/lanes_math.h"
#include "ops/attention/attention_lanes.h"
// clang-format on

namespace adze::ops {

const AttentionKernels kAttentionKernelsAvx512 = {attend, merge_span};

}  // namespace adze::ops
