// The kernels of one vector width, for the file of each instruction set.
#pragma once

#include "codecs/lane_fit_kernel.h"
#include "codecs/lane_kernels.h"
#include "codecs/lane_load_kernel.h"
#include "codecs/scale_search_kernel.h"
#include "codecs/super_block_kernel.h"

namespace adze::codecs {
namespace {

template <int kWidth, typename Lookup = CountThresholds<kWidth>>
constexpr LaneKernels lane_kernel_table() {
  using Load = LaneLoadKernel<kWidth>;
  using Fit = LaneFitKernel<kWidth, Lookup>;
  using Search = ScaleSearchKernel<Fit>;
  return {.load = Load::load,
          .load_weights = Load::load_weights,
          .normalize = Load::normalize,
          .magnitude_weights = Load::magnitude_weights,
          .measure = Fit::measure,
          .descend = Fit::descend,
          .find_scales = Search::find_scales,
          .find_scales_and_offsets = Search::find_scales_and_offsets,
          .search_levels = search_levels<Fit>,
          .codes = Fit::codes};
}

}  // namespace
}  // namespace adze::codecs
