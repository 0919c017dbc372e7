#include "ops/standard/windows.h"

#include <algorithm>

#include "base/error.h"

namespace adze::ops {
namespace {

constexpr int64_t kLargest = int64_t{1} << 31;
/// A window may be larger than what it slides over, where that is padded, but its taps are held in memory.
constexpr int64_t kMostPaddedTaps = int64_t{1} << 20;

int64_t extent(const Windows& w, size_t axis) { return (w.kernel[axis] - 1) * w.dilations[axis] + 1; }

void pad_to_same(Windows& w, bool more_before) {
  for (size_t axis = 0; axis < w.input.size(); ++axis) {
    const int64_t outputs = (w.input[axis] + w.strides[axis] - 1) / w.strides[axis];
    const int64_t pads = std::max<int64_t>((outputs - 1) * w.strides[axis] + extent(w, axis) - w.input[axis], 0);
    w.before[axis] = more_before ? (pads + 1) / 2 : pads / 2;
    w.after[axis] = pads - w.before[axis];
  }
}

void pad_as_given(const StandardCall& call, Windows& w) {
  const size_t count = w.input.size();
  const auto pads = spatial_attribute(call, "pads", 2 * count, 0, -kLargest);
  w.before.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(count));
  w.after.assign(pads.begin() + static_cast<std::ptrdiff_t>(count), pads.end());
}

int64_t output_size(const Windows& w, size_t axis, bool ceil) {
  const int64_t room = w.input[axis] + w.before[axis] + w.after[axis] - extent(w, axis);
  if (room < 0) return 0;
  if (!ceil) return room / w.strides[axis] + 1;
  const int64_t count = (room + w.strides[axis] - 1) / w.strides[axis] + 1;
  // A window that would start behind the input is none.
  return (count - 1) * w.strides[axis] >= w.input[axis] + w.before[axis] ? count - 1 : count;
}

bool is_single(const Windows& w, size_t axis) {
  return w.input[axis] == 1 && w.kernel[axis] == 1 && w.before[axis] == 0 && w.after[axis] == 0;
}

}  // namespace

bool has_single_axis(const Windows& w) {
  bool found = false;
  for (size_t axis = 0; axis < w.input.size(); ++axis) found |= w.input.size() > 1 && is_single(w, axis);
  return found;
}

Windows without_single_axes(const Windows& w) {
  Windows kept;
  for (size_t axis = 0; axis < w.input.size(); ++axis) {
    const bool is_needed = kept.input.empty() && axis + 1 == w.input.size();
    if (is_single(w, axis) && !is_needed) continue;
    for (const auto list : {&Windows::input, &Windows::kernel, &Windows::strides, &Windows::dilations, &Windows::before,
                            &Windows::after, &Windows::output}) {
      (kept.*list).push_back((w.*list)[axis]);
    }
  }
  return kept;
}

std::vector<int64_t> spatial_attribute(const StandardCall& call, std::string_view name, size_t count, int64_t fallback,
                                       int64_t least) {
  auto numbers = call.integers(name).value_or(std::vector<int64_t>(count, fallback));
  if (numbers.size() != count) fail(ErrorCode::bad_input, "attribute '{}' needs {} numbers", name, count);
  for (const int64_t number : numbers) {
    if (number < least || number > kLargest) fail(ErrorCode::bad_input, "attribute '{}' holds {}", name, number);
  }
  return numbers;
}

Windows windows_of(const StandardCall& call, std::vector<int64_t> input, std::vector<int64_t> kernel) {
  const size_t count = input.size();
  if (kernel.size() != count) {
    fail(ErrorCode::bad_input, "a window {} for {} dimensions", dims_text(kernel), count);
  }
  for (const int64_t size : kernel) {
    if (size < 1 || size > kLargest) fail(ErrorCode::bad_input, "a window of size {}", size);
  }
  Windows w{std::move(input), std::move(kernel), {}, {}, {}, {}, {}};
  if (w.taps() > std::max(kMostPaddedTaps, w.input_count())) {
    fail(ErrorCode::bad_input, "a window {} over {}", dims_text(w.kernel), dims_text(w.input));
  }
  w.strides = spatial_attribute(call, "strides", count, 1, 1);
  w.dilations = spatial_attribute(call, "dilations", count, 1, 1);
  w.before.assign(count, 0);
  w.after.assign(count, 0);
  const auto pad = call.word("auto_pad", "NOTSET");
  if (pad == "SAME_UPPER" || pad == "SAME_LOWER") {
    pad_to_same(w, pad == "SAME_LOWER");
  } else if (pad == "NOTSET") {
    pad_as_given(call, w);
  } else if (pad != "VALID") {
    fail(ErrorCode::bad_input, "attribute 'auto_pad' must be NOTSET, SAME_UPPER, SAME_LOWER or VALID");
  }
  const bool ceil = call.integer("ceil_mode", 0) != 0;
  for (size_t axis = 0; axis < count; ++axis) {
    w.output.push_back(output_size(w, axis, ceil));
    if (w.output[axis] == 1) w.strides[axis] = 1;  // no step is made, and kernels lay planes out by their strides
  }
  return w;
}

Types infer_windows(const graph::NodeTypes& node, const graph::ValueType& weights) {
  auto types = infer_same_rank(node, 2);
  const auto x = type_of_input(node, 0);
  if (types.empty() || x.dims.size() < 3) return types;
  const std::function<HostValues(size_t, HostValues)> no_body;
  const StandardCall call{node.node, {}, no_body};
  std::vector<int64_t> input, kernel = call.integers("kernel_shape").value_or(std::vector<int64_t>());
  for (size_t i = 2; i < x.dims.size(); ++i) {
    if (!x.dims[i].is_constant()) return types;
    input.push_back(x.dims[i].constant());
    if (kernel.size() > i - 2) continue;
    if (weights.dims.size() <= i || !weights.dims[i].is_constant()) return types;
    kernel.push_back(weights.dims[i].constant());
  }
  const auto windows = windows_of(call, std::move(input), std::move(kernel));
  for (auto& type : types) std::ranges::copy(windows.output, type.dims.begin() + 2);
  return types;
}

void Windows::positions(int64_t output_position, std::span<int64_t> taps_to) const {
  taps_to[0] = 0;
  size_t count = 1;  // taps of the axes so far; each becomes as many as the next axis has, from the back
  int64_t rest = output_position, below = output_count(), size = input_count();
  for (size_t axis = 0; axis < input.size(); ++axis) {
    below /= output[axis];
    size = input[axis] == 0 ? 0 : size / input[axis];
    const int64_t base = rest / below * strides[axis] - before[axis];
    rest %= below;
    const auto taps_here = static_cast<size_t>(kernel[axis]);
    for (size_t i = count; i-- > 0;) {
      const int64_t outer = taps_to[i];
      for (size_t tap = taps_here; tap-- > 0;) {
        const int64_t at = base + static_cast<int64_t>(tap) * dilations[axis];
        taps_to[i * taps_here + tap] = outer < 0 || at < 0 || at >= input[axis] ? -1 : outer + at * size;
      }
    }
    count *= taps_here;
  }
}

int64_t Windows::padded_taps(int64_t output_position) const {
  int64_t count = 1, rest = output_position, below = output_count();
  for (size_t axis = 0; axis < input.size(); ++axis) {
    below /= output[axis];
    const int64_t base = rest / below * strides[axis] - before[axis];
    rest %= below;
    int64_t within = 0;
    for (int64_t tap = 0; tap < kernel[axis]; ++tap) {
      if (base + tap * dilations[axis] < input[axis] + after[axis]) ++within;
    }
    count *= within;
  }
  return count;
}

}  // namespace adze::ops
