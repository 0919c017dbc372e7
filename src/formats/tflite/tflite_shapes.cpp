// lint: foreign names: TFLite, ONNX
// Shapes: read, given, cut, joined, padded. Numbers only move, so integers stay as they are where their scales do.
#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/space_to_batch.h"
#include "formats/strided_slice.h"
#include "formats/tflite/tflite_families.h"

namespace adze::formats {
namespace {

using graph::ValueId;
using Ints = std::vector<int64_t>;

/// Applies `move` to the numbers of input `index`: as they are stored, or to what they stand for.
template <typename Move>
void give_moved(TfliteStep& s, size_t index, Move move) {
  if (s.same_scales(index)) return s.give(move(s.input(index)));
  s.give_real(move(s.real(index)));
}

/// Entries for the axes behind the batch -> for all axes.
BatchBlocks blocks_of(TfliteStep& s, size_t rank) {
  BatchBlocks result{Ints(rank, 1), Ints(rank, 0), Ints(rank, 0)};
  const auto blocks = s.constant_integers(1), borders = s.constant_integers(2);
  if (blocks.size() + 1 > rank || borders.size() != 2 * blocks.size()) {
    fail(ErrorCode::bad_input, "{} blocks and {} borders for {} axes", blocks.size(), borders.size(), rank);
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    result.blocks[i + 1] = blocks[i];
    result.before[i + 1] = borders[2 * i];
    result.after[i + 1] = borders[2 * i + 1];
  }
  return result;
}

Ints bits_of(int32_t mask, size_t count) {
  Ints bits(count);
  for (size_t i = 0; i < count && i < 31; ++i) bits[i] = mask >> i & 1;
  return bits;
}

/// [axes, 2] -> all beginnings, then all ends.
ValueId standard_pads(TfliteStep& s) {
  auto& n = s.nodes();
  return n.reshape(n.transpose(s.wide(1), {1, 0}), {-1});
}

/// What the padding of quantized numbers holds: a stored number that stands for 0.
ValueId padding_value(TfliteStep& s) {
  if (s.has(2)) return s.input(2);
  if (s.is_quantized(0)) return s.zero_of(s.tensor(0));
  return s.nodes().number(0, storage_of_tflite(s.tensor(0).type));
}

}  // namespace

// The new shape is an input, an option or that of the output.
void tflite_reshape(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const auto option = s.options().numbers<int32_t>(0);
  ValueId shape = graph::kNoValue;
  if (s.has(1)) {
    shape = s.integer_list(1);
  } else if (s.options().has(0)) {
    shape = n.ints({option.begin(), option.end()});
  } else {
    shape = n.ints(s.output_tensor(0).dims);
  }
  give_moved(s, 0, [&](ValueId x) { return n.add(op, {x, shape}, {{"allowzero", int64_t{1}}}); });
}

void tflite_squeeze(TfliteStep& s, TfliteName op) {
  const auto axes = s.options().numbers<int32_t>(0);
  give_moved(s, 0, [&](ValueId x) {
    return axes.empty() ? s.nodes().add(op, {x}) : s.nodes().squeeze(x, {axes.begin(), axes.end()});
  });
}

void tflite_expand_dims(TfliteStep& s, TfliteName) {
  const int64_t axis = s.constant_integer(1);
  give_moved(s, 0, [&](ValueId x) { return s.nodes().unsqueeze(x, {axis}); });
}

void tflite_transpose(TfliteStep& s, TfliteName) {
  const auto order = s.constant_integers(1);
  give_moved(s, 0, [&](ValueId x) { return s.nodes().transpose(x, order); });
}

void tflite_concat(TfliteStep& s, TfliteName op) {
  const int64_t axis = s.options().number<int32_t>(0, 0);
  bool same = s.activation(1) == TfliteActivation::none;
  for (size_t i = 0; i < s.input_count(); ++i) same = same && s.same_scales(i);
  StandardNodes::Values parts;
  for (size_t i = 0; i < s.input_count(); ++i) parts.push_back(same ? s.input(i) : s.real(i));
  const ValueId joined = s.nodes().add(op, parts, {{"axis", axis}});
  if (same) return s.give(joined);
  s.give_real(s.activated(joined, s.activation(1)));
}

void tflite_pack(TfliteStep& s, TfliteName op) {
  const int64_t axis = s.options().number<int32_t>(1, 0);
  bool same = true;
  for (size_t i = 0; i < s.input_count(); ++i) same = same && s.same_scales(i);
  StandardNodes::Values parts;
  for (size_t i = 0; i < s.input_count(); ++i)
    parts.push_back(s.nodes().unsqueeze(same ? s.input(i) : s.real(i), {axis}));
  const ValueId joined = s.nodes().add(op, parts, {{"axis", axis}});
  same ? s.give(joined) : s.give_real(joined);
}

void tflite_unpack(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const int64_t axis = s.options().number<int32_t>(1, 0);
  const auto count = s.output_count();
  const auto parts =
      n.add_several(op, {s.input(0)}, {{"axis", axis}, {"num_outputs", static_cast<int64_t>(count)}}, count);
  for (size_t i = 0; i < count; ++i) s.give(i, n.squeeze(parts[i], {axis}));
}

// Inputs: axis, x.
void tflite_split(TfliteStep& s, TfliteName op) {
  const auto count = s.output_count();
  const auto parts = s.nodes().add_several(
      op, {s.input(1)}, {{"axis", s.constant_integer(0)}, {"num_outputs", static_cast<int64_t>(count)}}, count);
  for (size_t i = 0; i < count; ++i) s.give(i, parts[i]);
}

// Inputs: x, lengths, axis; a length of -1 is what the others leave.
void tflite_split_v(TfliteStep& s, TfliteName op) {
  auto lengths = s.constant_integers(1);
  const int64_t axis = s.constant_integer(2);
  const auto open = std::ranges::find(lengths, -1);
  if (open != lengths.end()) {
    const auto dims = s.dims(0);
    *open = dims[ops::checked_axis(axis, dims.size())] - std::accumulate(lengths.begin(), lengths.end(), int64_t{1});
  }
  const auto parts =
      s.nodes().add_several(op, {s.input(0), s.nodes().ints(lengths)}, {{"axis", axis}}, s.output_count());
  for (size_t i = 0; i < parts.size(); ++i) s.give(i, parts[i]);
}

// Inputs: x, beginnings, sizes; a size of -1 reaches to the end.
void tflite_slice(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
  const ValueId begins = s.integer_list(1), sizes = s.integer_list(2);
  const auto first = n.integers(begins), count = n.integers(sizes);
  ValueId ends = graph::kNoValue;
  if (first && count && first->size() == count->size()) {
    Ints last(first->size());
    for (size_t i = 0; i < last.size(); ++i) {
      if ((*count)[i] < 0 || __builtin_add_overflow((*first)[i], (*count)[i], &last[i])) last[i] = kEnd;
    }
    ends = n.ints(last);
  } else {
    ends = n.add("Where", {n.add("Less", {sizes, n.whole(0)}), n.whole(kEnd), n.add("Add", {begins, sizes})});
  }
  give_moved(s, 0, [&](ValueId x) { return n.add(op, {x, begins, ends}); });
}

// Inputs: x, beginnings, ends, steps.
void tflite_strided_slice(TfliteStep& s, TfliteName) {
  const Ints steps = s.constant_integers(3);
  const auto mask = [&](size_t field) { return bits_of(s.options().number<int32_t>(field, 0), steps.size()); };
  if (s.options().number<uint8_t>(5, 0) != 0) s.refuse("ends that count from the beginnings");
  const SliceRecipe recipe{s.input(1), s.input(2), steps, mask(0), mask(1), mask(3), mask(4), mask(2)};
  give_moved(s, 0, [&](ValueId x) { return put_strided_slice(s.nodes(), x, recipe); });
}

void tflite_pad(TfliteStep& s, TfliteName op) {
  const ValueId pads = standard_pads(s);
  s.give(s.nodes().add(op, {s.input(0), pads, padding_value(s)}));
}

void tflite_mirror_pad(TfliteStep& s, TfliteName op) {
  if (s.options().number<int8_t>(0, 0) != 0) s.refuse("pads that repeat the border too (SYMMETRIC)");
  s.give(s.nodes().add(op, {s.input(0), standard_pads(s)}, {{"mode", std::string("reflect")}}));
}

void tflite_tile(TfliteStep& s, TfliteName op) {
  const ValueId repeats = s.integer_list(1);
  give_moved(s, 0, [&](ValueId x) { return s.nodes().add(op, {x, repeats}); });
}

void tflite_broadcast_to(TfliteStep& s, TfliteName op) {
  const ValueId shape = s.integer_list(1);
  give_moved(s, 0, [&](ValueId x) { return s.nodes().add(op, {x, shape}); });
}

void tflite_reverse(TfliteStep& s, TfliteName) {
  auto& n = s.nodes();
  const auto axes = s.constant_integers(1);
  const Ints last(axes.size(), -1), end(axes.size(), std::numeric_limits<int64_t>::min() + 1);
  give_moved(s, 0, [&](ValueId x) {
    return n.add("Slice", {x, n.ints(last), n.ints(end), n.ints(axes), n.ints(Ints(axes.size(), -1))});
  });
}

void tflite_reverse_sequence(TfliteStep& s, TfliteName op) {
  const ValueId lengths = s.wide(1);
  s.give(s.nodes().add(op, {s.input(0), lengths},
                       {{"batch_axis", int64_t{s.options().number<int32_t>(1, 0)}},
                        {"time_axis", int64_t{s.options().number<int32_t>(0, 0)}}}));
}

void tflite_depth_to_space(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const ValueId turned = n.transpose(s.input(0), {0, 3, 1, 2});
  const ValueId made = n.add(op, {turned}, {{"blocksize", int64_t{s.options().number<int32_t>(0, 0)}}});
  s.give(n.transpose(made, {0, 2, 3, 1}));
}

void tflite_space_to_depth(TfliteStep& s, TfliteName op) { tflite_depth_to_space(s, op); }

void tflite_space_to_batch(TfliteStep& s, TfliteName) {
  const auto dims = s.dims(0);
  if (s.is_quantized(0)) return s.give_real(put_space_to_batch(s.nodes(), s.real(0), dims, blocks_of(s, dims.size())));
  s.give(put_space_to_batch(s.nodes(), s.input(0), dims, blocks_of(s, dims.size())));
}

void tflite_batch_to_space(TfliteStep& s, TfliteName) {
  const auto dims = s.dims(0);
  s.give(put_batch_to_space(s.nodes(), s.input(0), dims, blocks_of(s, dims.size())));
}

void tflite_shape(TfliteStep& s, TfliteName op) {
  s.give(s.nodes().cast(s.nodes().add(op, {s.input(0)}), storage_of_tflite(s.output_tensor(0).type)));
}

void tflite_rank(TfliteStep& s, TfliteName) {
  const ValueId count = s.nodes().add("Size", {s.nodes().add("Shape", {s.input(0)})});
  s.give(s.nodes().cast(count, &codecs::i32.info));
}

// Inputs: shape, value.
void tflite_fill(TfliteStep& s, TfliteName op) { s.give(s.nodes().add(op, {s.input(1), s.integer_list(0)})); }

void tflite_zeros_like(TfliteStep& s, TfliteName) {
  auto& n = s.nodes();
  const ValueId zero = n.number(0, storage_of_tflite(s.tensor(0).type));
  s.give(n.add("Expand", {zero, n.add("Shape", {s.input(0)})}));
}

void tflite_range(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const auto scalar = [&](size_t input) {
    return n.rank(s.input(input)) == 0 ? s.input(input) : n.squeeze(s.input(input), {0});
  };
  s.give(n.add(op, {scalar(0), scalar(1), scalar(2)}));
}

}  // namespace adze::formats
