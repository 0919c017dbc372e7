// Row kernels on NEON.
// clang-format off: the operations come first
#include "ops/lanes_neon.h"
#include "ops/lanes_math.h"
#include "ops/row_kernels_lanes.h"
// clang-format on

namespace adze::ops {

const RowKernels kRowKernelsNeon = {
    rms_norm_row, swiglu_row,     clamped_swiglu_row, rotate_row,    narrow_row,
    add_row,      layer_norm_row, gelu_erf_row,       gelu_tanh_row, scale_row,
    soft_cap_row, convolve_row,   advance_state_rows, dot_of_rows,   add_scaled_row,
};

}  // namespace adze::ops
