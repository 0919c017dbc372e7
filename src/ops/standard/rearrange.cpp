// The same elements elsewhere: of any type, texts too.
#include <algorithm>
#include <array>
#include <memory>
#include <numeric>

#include "base/error.h"
#include "ops/standard/axis_lines.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/join_tensors.h"
#include "ops/standard/only_result.h"
#include "ops/standard/op_families.h"
#include "ops/standard/transpose.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

HostValues evaluate_transpose(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  std::vector<size_t> order(x.rank());
  std::iota(order.rbegin(), order.rend(), 0);
  if (const auto given = call.integers("perm")) order = checked_axes(*given, x.rank());
  if (order.size() != x.rank()) fail(ErrorCode::bad_input, "'perm' does not name every axis of {}", x.description());
  return only_result(transpose(x, order));
}

HostValues evaluate_concat(const StandardCall& call) {
  HostSequence parts;
  for (size_t i = 0; i < call.inputs.size(); ++i) parts.push_back(call.tensor(i));
  if (parts.empty()) fail(ErrorCode::bad_input, "nothing to join");
  return only_result(join_tensors(parts, checked_axis(call.integer("axis"), parts[0].rank())));
}

bool lies_in_order(const StridedView& view) {
  const auto strides = strides_of(view.dims);
  for (size_t axis = 0; axis < strides.size(); ++axis) {
    if (view.dims[axis] != 1 && view.strides[axis] != strides[axis]) return false;
  }
  return true;
}

/// Numbers that lie in order stay where they are.
HostTensor part_of(const HostTensor& x, const StridedView& view) {
  if (x.is_text() || !lies_in_order(view) || checked_element_count(view.dims) == 0) return copy_view(x, view);
  if (view.dims == x.dims()) return x;
  const std::byte* numbers = x.bytes().data() + static_cast<size_t>(view.offset) * x.element_bytes();
  return HostTensor(x.type(), view.dims, std::make_shared<const HostTensor>(x), numbers);
}

HostTensor slice_axis(const HostTensor& x, size_t axis, int64_t start, int64_t count) {
  StridedView view{x.dims(), strides_of(x.dims()), 0};
  view.offset = start * view.strides[axis];
  view.dims[axis] = count;
  return part_of(x, view);
}

Dims split_sizes(const StandardCall& call, int64_t length) {
  const auto parts = static_cast<int64_t>(call.node.outputs.size());
  if (const auto given = call.integers_of(1)) {
    int64_t sum = 0;
    for (const int64_t size : *given) {
      if (size < 0 || size > length - sum) fail(ErrorCode::bad_input, "parts do not add up to {}", length);
      sum += size;
    }
    if (sum != length) fail(ErrorCode::bad_input, "parts add up to {}, not to {}", sum, length);
    return *given;
  }
  if (parts == 0) return {};
  const int64_t size = (length + parts - 1) / parts;
  Dims sizes;
  for (int64_t i = 0; i < parts; ++i) sizes.push_back(std::clamp(length - i * size, int64_t{0}, size));
  return sizes;
}

HostValues evaluate_split(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const size_t axis = checked_axis(call.integer("axis", 0), x.rank());
  HostValues parts;
  int64_t start = 0;
  for (const int64_t size : split_sizes(call, x.dim(axis))) {
    parts.push_back(slice_axis(x, axis, start, size));
    start += size;
  }
  return parts;
}

struct SliceRange {
  int64_t start, count, step;
};

SliceRange slice_range(int64_t start, int64_t end, int64_t step, int64_t length) {
  if (step == 0) fail(ErrorCode::bad_input, "a slice with steps of 0");
  const auto bounded = [&](int64_t at, int64_t low, int64_t high) {
    return std::clamp(at < 0 ? at + length : at, low, high);
  };
  if (step > 0) {
    const int64_t first = bounded(start, 0, length), last = bounded(end, 0, length);
    return {first, first >= last ? 0 : (last - first - 1) / step + 1, step};
  }
  const int64_t first = bounded(start, -1, length - 1), last = bounded(end, -1, length - 1);
  if (first <= last) return {0, 0, step};
  return {first, static_cast<int64_t>(static_cast<uint64_t>(first - last - 1) / (~static_cast<uint64_t>(step) + 1)) + 1,
          step};
}

HostValues evaluate_slice(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto starts = read_integers(call.tensor(1)), ends = read_integers(call.tensor(2));
  Dims all(starts.size());
  std::iota(all.begin(), all.end(), 0);
  const auto axes = checked_axes(call.integers_of(3).value_or(all), x.rank());
  const auto steps = call.integers_of(4).value_or(Dims(starts.size(), 1));
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size()) {
    fail(ErrorCode::bad_input, "a slice needs as many starts as ends, axes and steps");
  }
  StridedView view{x.dims(), strides_of(x.dims()), 0};
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto range = slice_range(starts[i], ends[i], steps[i], x.dim(axes[i]));
    int64_t& stride = view.strides[axes[i]];
    view.offset += range.count == 0 ? 0 : range.start * stride;
    view.dims[axes[i]] = range.count;
    stride = range.count <= 1 ? 0 : stride * range.step;
  }
  return only_result(part_of(x, view));
}

HostValues evaluate_tile(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto repeats = read_integers(call.tensor(1));
  if (repeats.size() != x.rank()) fail(ErrorCode::bad_input, "{} repeats for {}", repeats.size(), x.description());
  // Seen as [r0, d0, r1, d1, …] it is a broadcast.
  StridedView view;
  Dims dims;
  const auto strides = strides_of(x.dims());
  for (size_t axis = 0; axis < x.rank(); ++axis) {
    int64_t dim = 0;
    if (repeats[axis] < 0 || __builtin_mul_overflow(repeats[axis], x.dim(axis), &dim)) {
      fail(ErrorCode::bad_input, "{} cannot be repeated {} times", x.description(), repeats[axis]);
    }
    dims.push_back(dim);
    view.dims.insert(view.dims.end(), {repeats[axis], x.dim(axis)});
    view.strides.insert(view.strides.end(), {0, strides[axis]});
  }
  return {copy_view(x, view).reshaped(std::move(dims))};
}

/// Where padded position `at` of a line of `length` numbers comes from; -1: the value that fills.
int64_t padded_source(const std::string& mode, int64_t at, int64_t length) {
  if (at >= 0 && at < length) return at;
  if (mode == "constant" || length == 0) return -1;
  if (mode == "edge") return at < 0 ? 0 : length - 1;
  if (mode == "wrap") return ((at % length) + length) % length;
  if (length == 1) return 0;
  const int64_t period = 2 * (length - 1);
  const int64_t within = ((at % period) + period) % period;
  return within < length ? within : period - within;
}

struct Padding {
  Dims before, after;
};

Padding padding_of(const StandardCall& call, size_t rank) {
  const auto pads = read_integers(call.tensor(1));
  Dims all(rank);
  std::iota(all.begin(), all.end(), 0);
  const auto axes = checked_axes(call.integers_of(3).value_or(all), rank);
  if (pads.size() != 2 * axes.size()) fail(ErrorCode::bad_input, "{} pads for {} axes", pads.size(), axes.size());
  Padding padding{Dims(rank, 0), Dims(rank, 0)};
  for (size_t i = 0; i < axes.size(); ++i) {
    padding.before[axes[i]] = pads[i];
    padding.after[axes[i]] = pads[axes.size() + i];
  }
  return padding;
}

/// Positions of a result in its source, axis by axis: `sources[axis][i]`, -1 spreads.
std::vector<int64_t> positions_by_axis(const std::vector<Dims>& sources, std::span<const int64_t> strides) {
  std::vector<int64_t> positions{0};
  for (size_t axis = 0; axis < sources.size(); ++axis) {
    std::vector<int64_t> next;
    next.reserve(positions.size() * sources[axis].size());
    for (const int64_t position : positions) {
      for (const int64_t at : sources[axis])
        next.push_back(position < 0 || at < 0 ? -1 : position + at * strides[axis]);
    }
    positions = std::move(next);
  }
  return positions;
}

/// The same of numbers, run by run along the last axis. `value`: bytes of an element.
HostTensor pad_numbers(const HostTensor& x, const Dims& dims, std::vector<Dims> sources,
                       std::span<const std::byte> value) {
  HostTensor result(x.type(), dims);
  const size_t width = x.element_bytes();
  const Dims line = std::move(sources.back());
  sources.pop_back();
  const Dims strides = strides_of(x.dims());
  std::byte* to = result.fill_bytes().data();
  for (const int64_t start : positions_by_axis(sources, std::span(strides).first(sources.size()))) {
    for (size_t i = 0; i < line.size();) {
      size_t end = i + 1;
      if (start < 0 || line[i] < 0) {
        to = std::ranges::copy(value, to).out;
      } else {
        while (end < line.size() && line[end] == line[end - 1] + 1) ++end;
        to = std::copy_n(x.bytes().data() + static_cast<size_t>(start + line[i]) * width, (end - i) * width, to);
      }
      i = end;
    }
  }
  return result;
}

/// What constant padding consists of: zeros where nothing is given.
std::vector<std::byte> padding_value(const StandardCall& call, const std::string& mode) {
  const HostTensor& x = call.tensor(0);
  std::vector<std::byte> zero(x.element_bytes());
  if (!call.has(2) || mode != "constant") return zero;
  const HostTensor& value = call.tensor(2);
  require_type(value, x.type());
  if (value.count() != 1) fail(ErrorCode::bad_input, "one value is needed where {} is given", value.description());
  return {value.bytes().begin(), value.bytes().end()};
}

HostValues evaluate_pad(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto mode = call.word("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap") {
    fail(ErrorCode::bad_input, "attribute 'mode' must be constant, reflect, edge or wrap");
  }
  const auto padding = padding_of(call, x.rank());
  Dims dims;
  for (size_t axis = 0; axis < x.rank(); ++axis) {
    int64_t dim = 0;
    if (__builtin_add_overflow(padding.before[axis], padding.after[axis], &dim) ||
        __builtin_add_overflow(dim, x.dim(axis), &dim)) {
      fail(ErrorCode::bad_input, "pads are too large");
    }
    dims.push_back(dim);
  }
  const bool by_line = !x.is_text() && x.rank() > 0;
  const int64_t count = checked_element_count(dims);
  const int64_t lines = by_line && dims.back() > 0 ? count / dims.back() : count;
  // Checks the size before positions are made.
  const HostTensor room(&codecs::i64.info, {by_line ? std::max(lines, dims.back()) : count});
  std::vector<Dims> sources(x.rank());
  for (size_t axis = 0; axis < x.rank(); ++axis) {
    for (int64_t i = 0; i < dims[axis]; ++i) {
      sources[axis].push_back(padded_source(mode, i - padding.before[axis], x.dim(axis)));
    }
  }
  if (by_line) return only_result(pad_numbers(x, dims, std::move(sources), padding_value(call, mode)));
  return only_result(pick_elements(x, dims, positions_by_axis(sources, strides_of(x.dims()))));
}

HostTensor regroup(const HostTensor& x, Dims parts, std::span<const size_t> order, Dims dims) {
  return transpose(x.reshaped(std::move(parts)), order).reshaped(std::move(dims));
}

int64_t block_size(const StandardCall& call, const HostTensor& x) {
  require_rank(x, 4, 4);
  const int64_t size = call.integer("blocksize");
  if (size < 1 || size > (int64_t{1} << 30)) fail(ErrorCode::bad_input, "attribute 'blocksize' must be positive");
  return size;
}

HostValues evaluate_depth_to_space(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const int64_t size = block_size(call, x);
  const int64_t n = x.dim(0), c = x.dim(1), h = x.dim(2), w = x.dim(3);
  if (c % (size * size) != 0) fail(ErrorCode::bad_input, "{} channels do not divide into blocks", c);
  const int64_t depth = c / (size * size);
  const Dims dims{n, depth, h * size, w * size};
  if (call.word("mode", "DCR") == "CRD") {
    return only_result(regroup(x, {n, depth, size, size, h, w}, std::array<size_t, 6>{0, 1, 4, 2, 5, 3}, dims));
  }
  return only_result(regroup(x, {n, size, size, depth, h, w}, std::array<size_t, 6>{0, 3, 4, 1, 5, 2}, dims));
}

HostValues evaluate_space_to_depth(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const int64_t size = block_size(call, x);
  const int64_t n = x.dim(0), c = x.dim(1), h = x.dim(2), w = x.dim(3);
  if (h % size != 0 || w % size != 0) fail(ErrorCode::bad_input, "{} does not divide into blocks", x.description());
  return only_result(regroup(x, {n, c, h / size, size, w / size, size}, std::array<size_t, 6>{0, 3, 5, 1, 2, 4},
                             {n, c * size * size, h / size, w / size}));
}

HostValues evaluate_reverse_sequence(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  require_rank(x, 2);
  const auto lengths = read_integers(call.tensor(1));
  const size_t batch = checked_axis(call.integer("batch_axis", 1), x.rank());
  const size_t time = checked_axis(call.integer("time_axis", 0), x.rank());
  if (batch == time || static_cast<int64_t>(lengths.size()) != x.dim(batch)) {
    fail(ErrorCode::bad_input, "{} lengths for {} sequences", lengths.size(), x.dim(batch));
  }
  const auto strides = strides_of(x.dims());
  std::vector<int64_t> positions(static_cast<size_t>(x.count()));
  for (int64_t i = 0; i < x.count(); ++i) {
    const int64_t at = i / strides[time] % x.dim(time);
    const int64_t length = lengths[static_cast<size_t>(i / strides[batch] % x.dim(batch))];
    if (length < 0 || length > x.dim(time)) fail(ErrorCode::bad_input, "a sequence has the length {}", length);
    positions[static_cast<size_t>(i)] = at < length ? i + (length - 1 - 2 * at) * strides[time] : i;
  }
  return only_result(pick_elements(x, x.dims(), positions));
}

HostValues evaluate_trilu(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  require_rank(x, 2);
  const int64_t shift = call.has(1) ? read_integer(call.tensor(1)) : 0;
  const bool upper = call.integer("upper", 1) != 0;
  const int64_t rows = x.dim(x.rank() - 2), columns = x.dim(x.rank() - 1);
  std::vector<int64_t> positions(static_cast<size_t>(x.count()));
  for (int64_t i = 0; i < x.count(); ++i) {
    const int64_t beyond = i % columns - i / columns % rows;
    positions[static_cast<size_t>(i)] = (upper ? beyond >= shift : beyond <= shift) ? i : -1;
  }
  return only_result(pick_elements(x, x.dims(), positions));
}

/// Cuts or pads with zeros so that each axis is as long as asked for, the same on both sides.
HostValues evaluate_center_crop_pad(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto shape = read_integers(call.tensor(1));
  Dims all(x.rank());
  std::iota(all.begin(), all.end(), 0);
  const auto axes = checked_axes(call.integers("axes").value_or(all), x.rank());
  if (axes.size() != shape.size()) fail(ErrorCode::bad_input, "{} sizes for {} axes", shape.size(), axes.size());
  Dims dims = x.dims();
  for (size_t i = 0; i < axes.size(); ++i) dims[axes[i]] = shape[i];
  HostTensor room(&codecs::i64.info, dims);
  std::vector<Dims> sources(x.rank());
  for (size_t axis = 0; axis < x.rank(); ++axis) {
    const int64_t lost = x.dim(axis) - dims[axis];
    const int64_t first = lost >= 0 ? lost / 2 : -(-lost / 2);
    for (int64_t at = first; at < first + dims[axis]; ++at) {
      sources[axis].push_back(at >= 0 && at < x.dim(axis) ? at : -1);
    }
  }
  return only_result(pick_elements(x, dims, positions_by_axis(sources, strides_of(x.dims()))));
}

Types infer_transpose(const graph::NodeTypes& node) {
  auto type = type_of_input(node, 0);
  const auto found = node.node.attributes.find("perm");
  const auto* order = found == node.node.attributes.end() ? nullptr : std::get_if<std::vector<int64_t>>(&found->second);
  if (!order) {
    std::ranges::reverse(type.dims);
  } else if (type.rank_known && order->size() == type.dims.size()) {
    const auto dims = type.dims;
    const auto axes = checked_axes(*order, dims.size());
    for (size_t i = 0; i < axes.size(); ++i) type.dims[i] = dims[axes[i]];
  }
  return {type};
}

constexpr auto kAsIs = NarrowFloats::as_is;

constexpr std::array kOps = {
    StandardOp{{"Transpose", "axes in another order", infer_transpose}, evaluate_transpose, kAsIs},
    StandardOp{{"Concat", "joined along an axis", infer_rank<0>}, evaluate_concat, kAsIs},
    StandardOp{{"Split", "cut along an axis", infer_rank<0>}, evaluate_split, kAsIs},
    StandardOp{{"Slice", "from here to there along axes", infer_rank<0>}, evaluate_slice, kAsIs},
    StandardOp{{"Tile", "repeated along axes", infer_rank<0>}, evaluate_tile, kAsIs},
    StandardOp{{"Pad", "with a border", infer_rank<0>}, evaluate_pad, kAsIs},
    StandardOp{{"CenterCropPad", "cut or padded around the middle", infer_rank<0>}, evaluate_center_crop_pad, kAsIs},
    StandardOp{{"DepthToSpace", "channels become blocks of pixels", infer_rank<1>}, evaluate_depth_to_space, kAsIs},
    StandardOp{{"SpaceToDepth", "blocks of pixels become channels", infer_rank<1>}, evaluate_space_to_depth, kAsIs},
    StandardOp{{"ReverseSequence", "each sequence backwards", infer_same}, evaluate_reverse_sequence, kAsIs},
    StandardOp{{"Trilu", "the upper or lower triangle", infer_same}, evaluate_trilu, kAsIs},
};

}  // namespace

std::span<const StandardOp> rearrange_ops() { return kOps; }

}  // namespace adze::ops
