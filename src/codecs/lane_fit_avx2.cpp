// The loops over lanes, 8 at a time.
#include "codecs/lane_kernel_table.h"

namespace adze::codecs {

constinit const LaneKernels kLanesAvx2 = lane_kernel_table<8>();

}  // namespace adze::codecs
