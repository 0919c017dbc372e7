// The loops of lane_fit_kernel.h, 8 lanes at a time.
#include "codecs/lane_fit_kernel.h"

namespace adze::codecs {

constinit const LaneFitKernels kLaneFitAvx2 = LaneKernel<8>::table();

}  // namespace adze::codecs
