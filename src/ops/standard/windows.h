// Windows that slide over the spatial dimensions of [batch, channels, spatial…]: convolutions and pools.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ops/standard/infer_types.h"
#include "ops/standard/standard_op.h"

namespace adze::ops {

struct Windows {
  std::vector<int64_t> input, kernel, strides, dilations, before, after, output;

  int64_t input_count() const { return checked_element_count(input); }
  int64_t output_count() const { return checked_element_count(output); }
  int64_t taps() const { return checked_element_count(kernel); }

  /// For every tap of the window of an output the position of its input, -1 in the padding.
  void positions(int64_t output_position, std::span<int64_t> taps_to) const;
  /// How many taps of a window lie within the input and its padding (not beyond, as ceil_mode lets them).
  int64_t padded_taps(int64_t output_position) const;
};

/// Axes of one place and one tap without padding, which are seen in no number, beside another axis.
bool has_single_axis(const Windows& windows);
/// At least one axis stays.
Windows without_single_axes(const Windows& windows);

/// From the attributes strides, dilations, pads, auto_pad and ceil_mode. `kernel` as the weights or the attribute say.
Windows windows_of(const StandardCall& call, std::vector<int64_t> input, std::vector<int64_t> kernel);

/// Outputs of the shape that windows over input 0 give, whose size is the attribute kernel_shape or that of `weights`.
Types infer_windows(const graph::NodeTypes& node, const graph::ValueType& weights = any_tensor(nullptr));

/// The list attribute, or `count` times the fallback. Error(bad_input) for another length or a number below `least`.
std::vector<int64_t> spatial_attribute(const StandardCall& call, std::string_view name, size_t count, int64_t fallback,
                                       int64_t least);

}  // namespace adze::ops
