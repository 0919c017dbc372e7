// lint: foreign names: OpenVINO, ONNX
// Sums: reductions, products of matrices, normalizations, attention.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/openvino_ir/ir_families.h"

namespace adze::formats {
namespace {

using graph::ValueId;

graph::Attributes keeping(bool keep) { return {{"keepdims", int64_t{keep}}, {"noop_with_empty_axes", int64_t{1}}}; }

ValueId reduced(IrStep& s, IrName op, ValueId x, ValueId axes) { return s.nodes().add(op, {x, axes}, keeping(true)); }

/// With the last two axes exchanged; a vector stays as it is.
ValueId turned(IrStep& s, size_t input) {
  const int64_t rank = s.rank(input);
  if (rank < 2) return s.input(input);
  std::vector<int64_t> order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return s.nodes().transpose(s.input(input), order);
}

}  // namespace

void ir_reduce(IrStep& s, IrName op) {
  s.give(s.nodes().add(op, {s.input(0), s.integer_list(1)}, keeping(s.flag("keep_dims", false))));
}

void ir_reduce_flags(IrStep& s, IrName op) {
  auto& n = s.nodes();
  const ValueId numbers = n.cast(s.input(0), &codecs::i32.info);
  s.give(n.cast(n.add(op, {numbers, s.integer_list(1)}, keeping(s.flag("keep_dims", false))), &codecs::boolean.info));
}

void ir_mat_mul(IrStep& s, IrName op) {
  const ValueId a = s.flag("transpose_a", false) ? turned(s, 0) : s.input(0);
  const ValueId b = s.flag("transpose_b", false) ? turned(s, 1) : s.input(1);
  s.give(s.nodes().add(op, {a, b}));
}

void ir_einsum(IrStep& s, IrName op) { s.give(s.nodes().add(op, s.inputs(), {{"equation", s.word("equation", "")}})); }

// In opset1 the numbers come third, later first.
void ir_batch_norm(IrStep& s, IrName) {
  const bool first = s.opset() >= 5;
  const ValueId x = s.input(first ? 0 : 2), scale = s.input(first ? 1 : 0), bias = s.input(first ? 2 : 1);
  const double epsilon = s.number(s.word("epsilon", "").empty() ? "eps" : "epsilon", 1e-5);
  s.give(s.nodes().add("BatchNormalization", {x, scale, bias, s.input(3), s.input(4)}, {{"epsilon", epsilon}}));
}

void ir_mvn(IrStep& s, IrName) {
  auto& n = s.nodes();
  const ValueId x = s.input(0);
  std::vector<int64_t> old_axes;
  if (!s.has(1)) {  // opset2
    for (int64_t axis = s.flag("across_channels", false) ? 1 : 2; axis < s.rank(0); ++axis) old_axes.push_back(axis);
    if (!s.integers("reduction_axes").empty()) old_axes = s.integers("reduction_axes");
  }
  const ValueId axes = s.has(1) ? s.integer_list(1) : n.ints(old_axes);
  const ValueId moved = n.add("Sub", {x, reduced(s, "ReduceMean", x, axes)});
  if (!s.flag("normalize_variance", true)) return s.give(moved);
  const ValueId epsilon = n.number(s.number("eps", 1e-9), s.known_storage(0));
  const ValueId variance = reduced(s, "ReduceMean", n.add("Mul", {moved, moved}), axes);
  const std::string mode = s.word("eps_mode", "inside_sqrt");
  const bool inside = mode == "inside_sqrt" || mode == "INSIDE_SQRT";
  const ValueId spread =
      inside ? n.add("Sqrt", {n.add("Add", {variance, epsilon})}) : n.add("Add", {n.add("Sqrt", {variance}), epsilon});
  s.give(n.add("Div", {moved, spread}));
}

void ir_normalize_l2(IrStep& s, IrName) {
  auto& n = s.nodes();
  const ValueId x = s.input(0), epsilon = n.number(s.number("eps", 0), s.known_storage(0));
  const ValueId squares = reduced(s, "ReduceSum", n.add("Mul", {x, x}), s.integer_list(1));
  const ValueId bounded = n.add(s.word("eps_mode", "add") == "add" ? "Add" : "Max", {squares, epsilon});
  s.give(n.add("Div", {x, n.add("Sqrt", {bounded})}));
}

void ir_lrn(IrStep& s, IrName op) {
  if (s.constant_integers(1) != std::vector<int64_t>{1}) s.refuse("normalized along other axes than the channels");
  // Windows of an even size reach (size - 1) / 2 to both sides here, one further behind in the standard; sums are
  // divided by the size that is said.
  const int64_t size = s.integer("size", 1), odd = size % 2 == 0 ? size - 1 : size;
  if (size < 1) fail(ErrorCode::bad_input, "attribute 'size' is {}", size);
  s.give(s.nodes().add(op, {s.input(0)},
                       {{"alpha", s.number("alpha", 1) * static_cast<double>(odd) / static_cast<double>(size)},
                        {"beta", s.number("beta", 0.5)},
                        {"bias", s.number("bias", 1)},
                        {"size", odd}}));
}

void ir_grn(IrStep& s, IrName) {
  auto& n = s.nodes();
  const ValueId x = s.input(0);
  const ValueId squares = reduced(s, "ReduceSum", n.add("Mul", {x, x}), n.ints({1}));
  const ValueId bias = n.number(s.number("bias", 1e-6), s.known_storage(0));
  s.give(n.add("Div", {x, n.add("Sqrt", {n.add("Add", {squares, bias})})}));
}

void ir_group_norm(IrStep& s, IrName op) {
  s.give(s.nodes().add(op, {s.input(0), s.input(1), s.input(2)},
                       {{"num_groups", s.integer("num_groups", 1)}, {"epsilon", s.number("epsilon", 1e-5)}}));
}

// Inputs: queries, keys, values; perhaps a mask, of flags or of what is added; perhaps the scale.
void ir_attention(IrStep& s, IrName) {
  auto& n = s.nodes();
  const StorageType type = s.known_storage(0);
  const ValueId width = n.cast(n.length(s.input(0), -1), type);
  const ValueId scale = s.has(4) ? s.input(4) : n.add("Div", {n.number(1, type), n.add("Sqrt", {width})});
  ValueId scores = n.add("Mul", {n.add("MatMul", {s.input(0), turned(s, 1)}), scale});
  const ValueId never = n.number(-HUGE_VAL, type), zero = n.number(0, type);
  if (s.flag("causal", false)) {
    const ValueId rows = n.length(s.input(0), -2), columns = n.length(s.input(1), -2);
    const ValueId all = n.add("Expand", {n.flag(true), n.concat({rows, columns}, 0)});
    const ValueId seen = n.add("Trilu", {all}, {{"upper", int64_t{0}}});
    scores = n.add("Add", {scores, n.add("Where", {seen, zero, never})});
  } else if (s.has(3)) {
    const bool flags = s.known_storage(3) == &codecs::boolean.info;
    scores = n.add("Add", {scores, flags ? n.add("Where", {s.input(3), zero, never}) : s.input(3)});
  }
  if (s.has(5)) s.refuse("attention sinks");
  s.give(n.add("MatMul", {n.add("Softmax", {scores}, {{"axis", int64_t{-1}}}), s.input(2)}));
}

}  // namespace adze::formats
