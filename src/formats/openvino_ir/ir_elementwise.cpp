// lint: foreign names: OpenVINO, ONNX
// Numbers that follow from the numbers at the same place.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/openvino_ir/ir_families.h"
#include "formats/openvino_ir/ir_numbers.h"
#include "tensor/element_types.h"

namespace adze::formats {
namespace {

using graph::ValueId;

/// Shapes are matched from the right, as in NumPy, or are the same.
void require_numpy_broadcast(IrStep& s) {
  const std::string rule = s.word("auto_broadcast", "numpy");
  if (rule != "numpy" && rule != "none") s.refuse("shapes are matched by the rule \"" + rule + "\"");
}

ValueId times(IrStep& s, ValueId x, double factor) {
  return s.nodes().add("Mul", {x, s.nodes().number(factor, s.known_storage(0))});
}

}  // namespace

void ir_same(IrStep& s, IrName op) {
  require_numpy_broadcast(s);
  s.give(s.nodes().add(op, s.inputs()));
}

void ir_negated(IrStep& s, IrName op) {
  require_numpy_broadcast(s);
  s.give(s.nodes().add("Not", {s.nodes().add(op, s.inputs())}));
}

// Of integers, rounded down; the standard op cuts off.
void ir_divide(IrStep& s, IrName op) {
  require_numpy_broadcast(s);
  const ValueId a = s.input(0), b = s.input(1);
  if (has_float_numbers(s.known_storage(0)) || !s.flag("m_pythondiv", true)) return s.give(s.nodes().add(op, {a, b}));
  const ValueId rest = s.nodes().add("Mod", {a, b});
  s.give(s.nodes().add(op, {s.nodes().add("Sub", {a, rest}), b}));
}

void ir_mod(IrStep& s, IrName op) {
  require_numpy_broadcast(s);
  s.give(s.nodes().add(op, s.inputs(), {{"fmod", int64_t{1}}}));
}

void ir_floor_mod(IrStep& s, IrName) {
  require_numpy_broadcast(s);
  const ValueId a = s.input(0), b = s.input(1);
  if (!has_float_numbers(s.known_storage(0))) return s.give(s.nodes().add("Mod", {a, b}));
  const ValueId whole = s.nodes().add("Floor", {s.nodes().add("Div", {a, b})});
  s.give(s.nodes().add("Sub", {a, s.nodes().add("Mul", {whole, b})}));
}

void ir_squared_difference(IrStep& s, IrName) {
  require_numpy_broadcast(s);
  const ValueId difference = s.nodes().add("Sub", s.inputs());
  s.give(s.nodes().add("Mul", {difference, difference}));
}

void ir_clamp(IrStep& s, IrName op) {
  const StorageType type = s.known_storage(0);
  double least = s.number("min", 0), most = s.number("max", 0);
  if (!has_float_numbers(type)) least = std::ceil(least), most = std::floor(most);
  s.give(s.nodes().add(op, {s.input(0), s.nodes().number(least, type), s.nodes().number(most, type)}));
}

void ir_elu(IrStep& s, IrName op) { s.give(s.nodes().add(op, {s.input(0)}, {{"alpha", s.number("alpha", 1)}})); }

void ir_selu(IrStep& s, IrName) {
  const auto x = s.input(0), alpha = s.input(1), lambda = s.input(2);
  auto& n = s.nodes();
  const ValueId zero = n.number(0, s.known_storage(0));
  const ValueId below = n.add("Mul", {alpha, n.add("Sub", {n.add("Exp", {x}), n.number(1, s.known_storage(0))})});
  s.give(n.add("Mul", {lambda, n.add("Where", {n.add("Greater", {x, zero}), x, below})}));
}

void ir_hard_sigmoid(IrStep& s, IrName) {
  auto& n = s.nodes();
  const ValueId line = n.add("Add", {n.add("Mul", {s.input(0), s.input(1)}), s.input(2)});
  s.give(n.add("Clip", {line, n.number(0, s.known_storage(0)), n.number(1, s.known_storage(0))}));
}

void ir_h_sigmoid(IrStep& s, IrName op) {
  s.give(s.nodes().add(op, {s.input(0)}, {{"alpha", 1.0 / 6}, {"beta", 0.5}}));
}

void ir_gelu(IrStep& s, IrName op) {
  const bool by_tanh = s.word("approximation_mode", "ERF") == "TANH";
  s.give(s.nodes().add(op, {s.input(0)}, {{"approximate", std::string(by_tanh ? "tanh" : "none")}}));
}

void ir_swish(IrStep& s, IrName) {
  const ValueId x = s.input(0);
  const ValueId steep = s.has(1) ? s.nodes().add("Mul", {x, s.input(1)}) : x;
  s.give(s.nodes().add("Mul", {x, s.nodes().add("Sigmoid", {steep})}));
}

// A vector of slopes belongs to the channels.
void ir_prelu(IrStep& s, IrName op) {
  ValueId slope = s.input(1);
  if (s.rank(1) == 1 && s.rank(0) > 2 && s.dims(1)[0] != 1) {
    std::vector<int64_t> dims(static_cast<size_t>(s.rank(0)) - 1, 1);
    dims[0] = -1;
    slope = s.nodes().reshape(slope, dims);
  }
  s.give(s.nodes().add(op, {s.input(0), slope}));
}

void ir_round(IrStep& s, IrName op) {
  const ValueId x = s.input(0);
  if (s.word("mode", "half_to_even") == "half_to_even") return s.give(s.nodes().add(op, {x}));
  auto& n = s.nodes();
  const ValueId up = n.add("Floor", {n.add("Add", {n.add("Abs", {x}), n.number(0.5, s.known_storage(0))})});
  s.give(n.add("Mul", {n.add("Sign", {x}), up}));
}

void ir_is_finite(IrStep& s, IrName) {
  auto& n = s.nodes();
  const ValueId odd = n.add("Or", {n.add("IsNaN", {s.input(0)}), n.add("IsInf", {s.input(0)})});
  s.give(n.add("Not", {odd}));
}

void ir_is_inf(IrStep& s, IrName op) {
  s.give(s.nodes().add(op, {s.input(0)},
                       {{"detect_negative", int64_t{s.flag("detect_negative", true)}},
                        {"detect_positive", int64_t{s.flag("detect_positive", true)}}}));
}

void ir_softmax(IrStep& s, IrName op) {
  s.give(s.nodes().add(op, {s.input(0)}, {{"axis", s.integer("axis", op == "Softmax" ? 1 : -1)}}));
}

void ir_convert(IrStep& s, IrName op) {
  const StorageType type = s.type("destination_type", "");
  // No pass: whoever looks for the pattern of a compressed weight finds it.
  s.give(s.nodes().add(op, {s.input(0)}, {{"to", ops::element_type_number(type)}}));
}

void ir_convert_promote_types(IrStep& s, IrName) {
  for (size_t i = 0; i < 2; ++i) {
    const StorageType type = s.wants(i) ? s.known_storage(i) : nullptr;
    if (type != s.known_storage(1 - i)) s.refuse("element types that differ are not promoted");
    s.give(i, s.nodes().add("Identity", {s.input(i)}));
  }
}

// The standard op knows numbers without a sign only: bits are moved as such, which is the same to the left, and to the
// right for numbers that are not negative.
void ir_shift_bits(IrStep& s, IrName direction) {
  const StorageType type = s.known_storage(0);
  const bool has_sign =
      type == &codecs::i32.info || type == &codecs::i64.info || type == &codecs::i16.info || type == &codecs::i8.info;
  if (has_sign && direction == "RIGHT") s.refuse("bits of signed numbers are not moved to the right");
  const StorageType plain = type == &codecs::i32.info   ? &kU32
                            : type == &codecs::i64.info ? &kU64
                            : type == &codecs::i16.info ? &kU16
                                                        : (has_sign ? &codecs::u8.info : type);
  auto& n = s.nodes();
  const ValueId moved = n.add("BitShift", {n.cast(s.input(0), plain), n.cast(s.input(1), plain)},
                              {{"direction", std::string(direction)}});
  s.give(n.cast(moved, type));
}

namespace {

/// Whether all of what one input holds is known to be less than what another has at the same place.
bool is_less(IrStep& s, size_t less, size_t more) {
  const auto a = s.constant_numbers(less), b = s.constant_numbers(more);
  if (!a || !b || a->empty() || b->empty() || (a->size() != b->size() && a->size() != 1 && b->size() != 1))
    return false;
  for (size_t i = 0; i < std::max(a->size(), b->size()); ++i) {
    if (!((*a)[i % a->size()] < (*b)[i % b->size()])) return false;
  }
  return true;
}

}  // namespace

// Inputs: x, low and high end of what it is cut to, low and high end of the levels that come out.
void ir_fake_quantize(IrStep& s, IrName) {
  auto& n = s.nodes();
  const auto levels = static_cast<double>(s.integer("levels", 256) - 1);
  if (levels < 1) fail(ErrorCode::bad_input, "attribute 'levels' is {}", s.integer("levels", 256));
  const ValueId x = s.input(0), low = s.input(1), high = s.input(2), out_low = s.input(3), out_high = s.input(4);
  const ValueId least = n.add("Min", {low, high}), most = n.add("Max", {low, high});
  const ValueId cut = n.add("Max", {n.add("Min", {x, most}), least});
  const ValueId part = n.add("Div", {n.add("Sub", {cut, low}), n.add("Sub", {high, low})});
  const ValueId level = n.add("Round", {times(s, part, levels)});
  const ValueId share = n.add("Div", {level, n.number(levels, s.known_storage(0))});
  const ValueId made = n.add("Add", {n.add("Mul", {share, n.add("Sub", {out_high, out_low})}), out_low});
  if (is_less(s, 1, 2)) return s.give(made);
  // Ends that are equal or exchanged: what lies outside of them goes to the end of its own side.
  const ValueId within = n.add("Where", {n.add("Greater", {x, most}), out_high, made});
  s.give(n.add("Where", {n.add("LessOrEqual", {x, least}), out_low, within}));
}

}  // namespace adze::formats
