// attention on NEON.
// clang-format off: the operations come first
#include "ops/lanes_neon.h"
#include "ops/lanes_math.h"
#include "ops/attention/attention_lanes.h"
// clang-format on

namespace adze::ops {

const AttentionKernels kAttentionKernelsNeon = {attend, merge_span};

}  // namespace adze::ops
