// Sequences of tensors, and optional values.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/join_tensors.h"
#include "ops/standard/op_families.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using graph::ValueKind;
using graph::ValueType;

const HostSequence& sequence_of(const StandardCall& call) {
  if (!call.has(0)) fail(ErrorCode::bad_input, "input 0 is missing");
  return call.inputs[0].sequence();
}

/// A place of an item; one behind the last where something is inserted.
size_t place_of(const StandardCall& call, size_t input, size_t length, bool behind_last) {
  const auto size = static_cast<int64_t>(length);
  if (!call.has(input)) return static_cast<size_t>(behind_last ? size : size - 1);
  const int64_t given = read_integer(call.tensor(input)), at = given < 0 ? given + size : given;
  if (at < 0 || at >= size + (behind_last ? 1 : 0)) {
    fail(ErrorCode::bad_input, "there is no place {} in a sequence of {}", given, size);
  }
  return static_cast<size_t>(at);
}

HostValues evaluate_construct(const StandardCall& call) {
  HostSequence items;
  for (size_t i = 0; i < call.inputs.size(); ++i) items.push_back(call.tensor(i));
  return {items};
}

HostValues evaluate_empty(const StandardCall&) { return {HostSequence()}; }

HostValues evaluate_at(const StandardCall& call) {
  const auto& items = sequence_of(call);
  if (items.empty()) fail(ErrorCode::bad_input, "the sequence is empty");
  return {items[place_of(call, 1, items.size(), false)]};
}

HostValues evaluate_insert(const StandardCall& call) {
  HostSequence items = sequence_of(call);
  const size_t at = place_of(call, 2, items.size(), true);
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(at), call.tensor(1));
  return {items};
}

HostValues evaluate_erase(const StandardCall& call) {
  HostSequence items = sequence_of(call);
  if (items.empty()) fail(ErrorCode::bad_input, "the sequence is empty");
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(place_of(call, 1, items.size(), false)));
  return {items};
}

HostValues evaluate_length(const StandardCall& call) {
  return {integer_scalar(static_cast<int64_t>(sequence_of(call).size()))};
}

HostValues evaluate_concat_from(const StandardCall& call) {
  const auto& items = sequence_of(call);
  if (items.empty()) fail(ErrorCode::bad_input, "the sequence is empty");
  const bool new_axis = call.integer("new_axis", 0) != 0;
  return {join_tensors(items, checked_axis(call.integer("axis"), items[0].rank() + (new_axis ? 1 : 0)), new_axis)};
}

std::vector<int64_t> part_sizes(const StandardCall& call, int64_t length) {
  if (!call.has(1)) return std::vector<int64_t>(static_cast<size_t>(length), 1);
  const auto given = read_integers(call.tensor(1));
  if (call.tensor(1).rank() == 1) return given;
  if (given.size() != 1 || given[0] < 1) fail(ErrorCode::bad_input, "a part must have a positive size");
  std::vector<int64_t> sizes;
  for (int64_t left = length; left > 0; left -= given[0]) sizes.push_back(std::min(left, given[0]));
  return sizes;
}

HostValues evaluate_split_to(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const size_t axis = checked_axis(call.integer("axis", 0), x.rank());
  const bool keep = call.has(1) || call.integer("keepdims", 1) != 0;
  HostSequence parts;
  int64_t start = 0;
  for (const int64_t size : part_sizes(call, x.dim(axis))) {
    if (size < 0 || size > x.dim(axis) - start) fail(ErrorCode::bad_input, "parts do not add up to {}", x.dim(axis));
    StridedView view{x.dims(), strides_of(x.dims()), 0};
    view.offset = start * view.strides[axis];
    view.dims[axis] = size;
    HostTensor part = copy_view(x, view);
    if (!keep) {
      auto dims = part.dims();
      dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
      part = part.reshaped(dims);
    }
    parts.push_back(part);
    start += size;
  }
  return {parts};
}

HostValues evaluate_optional(const StandardCall& call) { return {call.inputs.empty() ? HostValue() : call.inputs[0]}; }

HostValues evaluate_optional_has_element(const StandardCall& call) { return {flag_scalar(call.has(0))}; }

HostValues evaluate_optional_get_element(const StandardCall& call) {
  if (!call.has(0)) fail(ErrorCode::bad_input, "the optional is empty");
  return {call.inputs[0]};
}

ValueType wrapped(ValueKind kind, ValueType inner) {
  auto type = ValueType::of_kind(kind);
  type.element = std::make_shared<const ValueType>(std::move(inner));
  return type;
}

ValueType loose_tensor(const graph::NodeTypes& node, size_t input) {
  auto type = type_of_input(node, input);
  type.dims.clear();
  type.rank_known = false;
  return type;
}

Types infer_construct(const graph::NodeTypes& node) { return {wrapped(ValueKind::sequence, loose_tensor(node, 0))}; }

Types infer_empty(const graph::NodeTypes& node) {
  const auto items = infer_by_attribute(node, "dtype", &codecs::f32.info, false);
  return {wrapped(ValueKind::sequence, items.empty() ? any_tensor(nullptr) : items[0])};
}

Types infer_element(const graph::NodeTypes& node) {
  const auto type = type_of_input(node, 0);
  return {type.element ? *type.element : type};
}

Types infer_optional(const graph::NodeTypes& node) { return {wrapped(ValueKind::optional, type_of_input(node, 0))}; }

Types infer_bool_scalar(const graph::NodeTypes&) { return {ValueType::tensor(&codecs::boolean.info, {})}; }

constexpr auto kAsIs = NarrowFloats::as_is;

constexpr std::array kOps = {
    StandardOp{{"SequenceConstruct", "a sequence of tensors", infer_construct}, evaluate_construct, kAsIs},
    StandardOp{{"SequenceEmpty", "a sequence of none", infer_empty}, evaluate_empty, kAsIs},
    StandardOp{{"SequenceAt", "an item", infer_element}, evaluate_at, kAsIs},
    StandardOp{{"SequenceInsert", "with one item more", infer_same}, evaluate_insert, kAsIs},
    StandardOp{{"SequenceErase", "with one item less", infer_same}, evaluate_erase, kAsIs},
    StandardOp{{"SequenceLength", "how many items", infer_i64_scalar}, evaluate_length, kAsIs},
    StandardOp{{"ConcatFromSequence", "items joined along an axis", infer_element}, evaluate_concat_from, kAsIs},
    StandardOp{{"SplitToSequence", "cut along an axis into items", infer_construct}, evaluate_split_to, kAsIs},
    StandardOp{{"Optional", "a value, or none", infer_optional}, evaluate_optional, kAsIs},
    StandardOp{
        {"OptionalHasElement", "whether there is a value", infer_bool_scalar}, evaluate_optional_has_element, kAsIs},
    StandardOp{{"OptionalGetElement", "the value", infer_element}, evaluate_optional_get_element, kAsIs},
};

}  // namespace

std::span<const StandardOp> sequence_ops() { return kOps; }

}  // namespace adze::ops
