// The loops of lane_fit_kernel.h, 16 lanes at a time.
#include "codecs/lane_fit_kernel.h"

namespace adze::codecs {

constinit const LaneFitKernels kLaneFitAvx512 = LaneKernel<16>::table();

}  // namespace adze::codecs
