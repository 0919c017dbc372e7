// lint: foreign names: OpenVINO, ONNX
// Shapes: read, given, cut, joined, padded.
#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/openvino_ir/ir_families.h"
#include "formats/space_to_batch.h"
#include "formats/strided_slice.h"

namespace adze::formats {
namespace {

using graph::ValueId;
using Ints = std::vector<int64_t>;

constexpr int64_t kBeforeStart = std::numeric_limits<int64_t>::min() + 1;

Ints counted(int64_t count) {
  Ints numbers(static_cast<size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

}  // namespace

void ir_shape_of(IrStep& s, IrName op) {
  const ValueId shape = s.nodes().add(op, {s.input(0)});
  s.give(s.nodes().cast(shape, s.type("output_type", "i64")));
}

void ir_reshape(IrStep& s, IrName op) {
  auto& n = s.nodes();
  const ValueId made =
      n.add(op, {s.input(0), s.integer_list(1)}, {{"allowzero", int64_t{!s.flag("special_zero", false)}}});
  if (const auto shape = n.integers(s.input(1))) {
    std::vector<graph::Dim> dims;
    for (const int64_t size : *shape) dims.push_back(size > 0 ? graph::Dim(size) : graph::Dim::unknown());
    n.refine(made, graph::ValueType::tensor(nullptr, dims));
  }
  s.give(made);
}

namespace {

/// Without the axes that are not 1, which then stay.
void squeeze_ones(IrStep& s) {
  auto& n = s.nodes();
  const auto& type = n.type(s.input(0));
  Ints ones;
  for (const int64_t axis : s.constant_integers(1)) {
    const size_t at = ops::checked_axis(axis, static_cast<size_t>(s.rank(0)));
    if (!type.dims[at].is_constant()) s.refuse("axes that stay unless they are 1, which is not known before it runs");
    if (type.dims[at].constant() == 1) ones.push_back(axis);
  }
  s.give(ones.empty() ? n.add("Identity", {s.input(0)}) : n.squeeze(s.input(0), ones));
}

}  // namespace

// Unsqueeze too.
void ir_squeeze(IrStep& s, IrName op) {
  auto& n = s.nodes();
  if (!s.has(1)) return s.give(n.add(op, {s.input(0)}));
  if (s.flag("allow_axis_skip", false)) return squeeze_ones(s);
  const auto axes = n.integers(s.input(1));
  if (op == "Squeeze" && axes && axes->empty()) return s.give(n.add(op, {s.input(0)}));
  s.give(n.add(op, {s.input(0), s.integer_list(1)}));
}

void ir_transpose(IrStep& s, IrName op) {
  auto order = s.has(1) ? s.constant_integers(1) : Ints();
  if (order.empty()) return s.give(s.nodes().add(op, {s.input(0)}));
  s.give(s.nodes().transpose(s.input(0), order));
}

void ir_concat(IrStep& s, IrName op) { s.give(s.nodes().add(op, s.inputs(), {{"axis", s.integer("axis", 0)}})); }

void ir_split(IrStep& s, IrName op) {
  const int64_t count = s.integer("num_splits", 0);
  if (count < 1 || count != static_cast<int64_t>(s.outputs().size())) {
    fail(ErrorCode::bad_input, "{} parts and {} outputs", count, s.outputs().size());
  }
  const auto parts = s.nodes().add_several(op, {s.input(0)}, {{"axis", s.constant_integer(1)}, {"num_outputs", count}},
                                           s.outputs().size());
  for (size_t i = 0; i < parts.size(); ++i) s.give(i, parts[i]);
}

// A length of -1 is what the others leave.
void ir_variadic_split(IrStep& s, IrName op) {
  auto& n = s.nodes();
  const int64_t axis = s.constant_integer(1);
  ValueId lengths = s.integer_list(2);
  if (auto known = n.integers(s.input(2)); known && std::ranges::count(*known, -1) > 0) {
    const auto open = std::ranges::find(*known, -1);
    if (std::count(open + 1, known->end(), -1) > 0) fail(ErrorCode::bad_input, "two lengths are left open");
    const auto at = open - known->begin();
    const int64_t sum = std::accumulate(known->begin(), known->end(), int64_t{1});
    const ValueId rest = n.add("Sub", {n.length(s.input(0), axis), n.ints({sum})});
    const Ints before(known->begin(), known->begin() + at), after(known->begin() + at + 1, known->end());
    StandardNodes::Values parts;
    if (!before.empty()) parts.push_back(n.ints(before));
    parts.push_back(rest);
    if (!after.empty()) parts.push_back(n.ints(after));
    lengths = n.concat(parts, 0);
  }
  const auto parts = n.add_several(op, {s.input(0), lengths}, {{"axis", axis}}, s.outputs().size());
  for (size_t i = 0; i < parts.size(); ++i) s.give(i, parts[i]);
}

void ir_strided_slice(IrStep& s, IrName) {
  auto& n = s.nodes();
  SliceRecipe recipe{s.input(1),
                     s.input(2),
                     {},
                     s.integers("begin_mask"),
                     s.integers("end_mask"),
                     s.integers("new_axis_mask"),
                     s.integers("shrink_axis_mask"),
                     s.integers("ellipsis_mask")};
  size_t count = 0;
  if (const auto begin = n.integers(s.input(1))) {
    count = begin->size();
  } else if (const auto end = n.integers(s.input(2))) {
    count = end->size();
  } else {
    const auto lengths = s.dims(1);
    if (lengths.size() != 1 || lengths[0] > 64) fail(ErrorCode::bad_input, "input 1 is no list of beginnings");
    count = static_cast<size_t>(lengths[0]);
  }
  recipe.steps = s.has(3) ? s.constant_integers(3) : Ints(count, 1);
  if (recipe.steps.size() != count) s.refuse("beginnings and steps differ in number");
  s.give(put_strided_slice(n, s.input(0), recipe));
}

void ir_slice(IrStep& s, IrName op) {
  auto& n = s.nodes();
  const ValueId steps = s.integer_list(3);
  StandardNodes::Values inputs{s.input(0), s.integer_list(1), s.integer_list(2), graph::kNoValue, steps};
  if (s.has(4)) {
    inputs[3] = s.integer_list(4);
  } else {
    const auto known = n.integers(steps);
    const auto count = known ? static_cast<int64_t>(known->size()) : s.rank(0);
    inputs[3] = n.ints(counted(count));
  }
  s.give(n.add(op, inputs));
}

void ir_pad(IrStep& s, IrName op) {
  auto& n = s.nodes();
  const std::string mode = s.word("pad_mode", "constant");
  if (mode == "symmetric") s.refuse("pads that repeat the border too (symmetric)");
  const ValueId pads = n.concat({s.integer_list(1), s.integer_list(2)}, 0);
  StandardNodes::Values inputs{s.input(0), pads};
  if (s.has(3) && mode == "constant") inputs.push_back(s.input(3));
  s.give(n.add(op, inputs, {{"mode", mode}}));
}

// As many repeats as axes; missing ones are 1.
void ir_tile(IrStep& s, IrName op) {
  auto& n = s.nodes();
  ValueId x = s.input(0);
  ValueId repeats = s.integer_list(1);
  if (const auto known = n.integers(s.input(1))) {
    const int64_t rank = s.rank(0), count = static_cast<int64_t>(known->size());
    Ints padded(static_cast<size_t>(std::max<int64_t>(rank - count, 0)), 1);
    padded.insert(padded.end(), known->begin(), known->end());
    repeats = n.ints(padded);
    if (count > rank) x = n.unsqueeze(x, counted(count - rank));
  }
  s.give(n.add(op, {x, repeats}));
}

void ir_broadcast(IrStep& s, IrName op) {
  auto& n = s.nodes();
  const std::string mode = s.word("mode", "numpy");
  const ValueId target = s.integer_list(1);
  if (mode == "explicit") {
    // Axis i of x is axis mapping[i] of the result.
    const auto mapping = s.constant_integers(2);
    const auto length = n.integers(s.input(1));
    const int64_t rank = length ? static_cast<int64_t>(length->size()) : s.dims(1)[0];
    Ints open;
    for (int64_t axis = 0; axis < rank; ++axis) {
      if (std::ranges::find(mapping, axis) == mapping.end()) open.push_back(axis);
    }
    const ValueId x = open.empty() ? s.input(0) : n.unsqueeze(s.input(0), open);
    return s.give(n.add(op, {x, target}));
  }
  if (mode != "numpy" && mode != "bidirectional") s.refuse("the rule \"" + mode + "\"");
  s.give(n.add(op, {s.input(0), target}));
}

void ir_depth_to_space(IrStep& s, IrName op) {
  const bool blocks_first = s.word("mode", "blocks_first") == "blocks_first";
  if (s.rank(0) != 4) s.refuse("more or fewer than two spatial axes");
  s.give(
      s.nodes().add(op, {s.input(0)},
                    {{"blocksize", s.integer("block_size", 1)}, {"mode", std::string(blocks_first ? "DCR" : "CRD")}}));
}

void ir_space_to_depth(IrStep& s, IrName op) {
  if (s.rank(0) != 4) s.refuse("more or fewer than two spatial axes");
  auto& n = s.nodes();
  const int64_t block = s.integer("block_size", 1);
  if (s.word("mode", "blocks_first") == "blocks_first") {
    return s.give(n.add(op, {s.input(0)}, {{"blocksize", block}}));
  }
  // [n, c, h/b, b, w/b, b] -> [n, c, b, b, h/b, w/b]
  const auto dims = s.dims(0);
  if (block < 1 || dims[2] % block != 0 || dims[3] % block != 0) fail(ErrorCode::bad_input, "blocks of {}", block);
  const ValueId spread = n.reshape(s.input(0), {dims[0], dims[1], dims[2] / block, block, dims[3] / block, block});
  s.give(n.reshape(n.transpose(spread, {0, 1, 3, 5, 2, 4}),
                   {dims[0], dims[1] * block * block, dims[2] / block, dims[3] / block}));
}

// Inputs: x, block of each axis, pads before, pads behind.
void ir_space_to_batch(IrStep& s, IrName) {
  const BatchBlocks blocks{s.constant_integers(1), s.constant_integers(2), s.constant_integers(3)};
  s.give(put_space_to_batch(s.nodes(), s.input(0), s.dims(0), blocks));
}

// Inputs: x, block of each axis, what is cut off before and behind.
void ir_batch_to_space(IrStep& s, IrName) {
  const BatchBlocks blocks{s.constant_integers(1), s.constant_integers(2), s.constant_integers(3)};
  s.give(put_batch_to_space(s.nodes(), s.input(0), s.dims(0), blocks));
}

void ir_shuffle_channels(IrStep& s, IrName) {
  auto& n = s.nodes();
  const auto dims = s.dims(0);
  const size_t axis = ops::checked_axis(s.integer("axis", 1), dims.size());
  const int64_t groups = s.integer("group", 1);
  if (groups < 1 || dims[axis] % groups != 0) fail(ErrorCode::bad_input, "{} groups of {}", groups, dims[axis]);
  Ints spread(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(axis));
  spread.insert(spread.end(), {groups, dims[axis] / groups});
  spread.insert(spread.end(), dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1, dims.end());
  Ints order = counted(static_cast<int64_t>(spread.size()));
  std::swap(order[axis], order[axis + 1]);
  s.give(n.reshape(n.transpose(n.reshape(s.input(0), spread), order), dims));
}

void ir_reverse(IrStep& s, IrName) {
  auto& n = s.nodes();
  Ints axes;
  if (s.word("mode", "index") == "mask") {
    const auto mask = s.constant_integers(1);
    for (size_t i = 0; i < mask.size(); ++i) {
      if (mask[i] != 0) axes.push_back(static_cast<int64_t>(i));
    }
  } else {
    axes = s.constant_integers(1);
  }
  const Ints last(axes.size(), -1), end(axes.size(), kBeforeStart);
  s.give(n.add("Slice", {s.input(0), n.ints(last), n.ints(end), n.ints(axes), n.ints(Ints(axes.size(), -1))}));
}

void ir_reverse_sequence(IrStep& s, IrName op) {
  const ValueId lengths = s.nodes().cast(s.input(1), &codecs::i64.info);
  s.give(s.nodes().add(op, {s.input(0), lengths},
                       {{"batch_axis", s.integer("batch_axis", 0)}, {"time_axis", s.integer("seq_axis", 1)}}));
}

// The numbers that fall off one end come in at the other.
void ir_roll(IrStep& s, IrName) {
  auto& n = s.nodes();
  auto shifts = s.constant_integers(1);
  const auto axes = s.constant_integers(2);
  const auto dims = s.dims(0);
  if (shifts.size() == 1) shifts.resize(axes.size(), shifts[0]);
  if (shifts.size() != axes.size()) fail(ErrorCode::bad_input, "{} shifts for {} axes", shifts.size(), axes.size());
  ValueId x = s.input(0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<int64_t>(ops::checked_axis(axes[i], dims.size()));
    const int64_t length = dims[static_cast<size_t>(axis)];
    const int64_t shift = length == 0 ? 0 : (shifts[i] % length + length) % length;
    if (shift == 0) continue;
    x = n.concat({n.slice(x, axis, length - shift, length), n.slice(x, axis, 0, length - shift)}, axis);
  }
  s.give(x == s.input(0) ? n.add("Identity", {x}) : x);
}

void ir_range(IrStep& s, IrName op) {
  auto& n = s.nodes();
  const StorageType type =
      s.layer().attributes.contains("output_type") ? s.type("output_type", "f32") : s.known_storage(0);
  StandardNodes::Values bounds;
  for (size_t i = 0; i < 3; ++i) {
    const ValueId bound = n.cast(s.input(i), type);
    bounds.push_back(n.rank(bound) == 0 ? bound
                                        : n.add("Reshape", {bound, n.constant(HostTensor(&codecs::i64.info, {0}))}));
  }
  s.give(n.add(op, bounds));
}

// Inputs: rows, columns, which diagonal, perhaps sizes in front.
void ir_eye(IrStep& s, IrName op) {
  auto& n = s.nodes();
  const StorageType type = s.type("output_type", "f32");
  const ValueId shape = n.concat({s.integer_list(0), s.integer_list(1)}, 0);
  const ValueId room = n.add("Expand", {n.number(0, type), shape});
  const ValueId eye = n.add(op, {room}, {{"k", s.constant_integer(2)}});
  if (!s.has(3)) return s.give(eye);
  s.give(n.add("Expand", {eye, n.concat({s.integer_list(3), shape}, 0)}));
}

}  // namespace adze::formats
