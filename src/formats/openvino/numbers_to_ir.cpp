// lint: foreign names: OpenVINO, ONNX
// Numbers that follow from the numbers at the same place.
#include <fmt/format.h>

#include "codecs/codec.h"
#include "formats/openvino/standard_to_ir.h"
#include "formats/openvino_ir/ir_numbers.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {

IrValue in_type_of_x(GraphToIr& g, size_t input) {
  const StorageType type = g.storage(0);
  return type && g.storage(input) != type ? g.convert(g.input(input), type) : g.input(input);
}

void ir_put_unary(GraphToIr& g, Row row) {
  IrBuilder::Attributes attributes;
  if (row.layer == "Round") attributes = {{"mode", "half_to_even"}};
  g.give(g.out().add(row.layer, row.opset, {g.input(0)}, attributes, g.output_type()));
}

void ir_put_binary(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, {g.input(0), g.input(1)}, {{"auto_broadcast", "numpy"}}, g.output_type()));
}

void ir_put_many(GraphToIr& g, Row row) {
  IrValue all = g.input(0);
  for (size_t i = 1; i < g.node().inputs.size(); ++i) all = g.both(row.layer, all, g.input(i), g.output_type());
  g.give(all);
}

void ir_put_mean(GraphToIr& g, Row row) {
  ir_put_many(g, row);
  const auto count = static_cast<double>(g.node().inputs.size());
  g.give(g.both("Divide", g.value(g.node().outputs.at(0)), g.scalar(count, g.storage(0)), g.output_type()));
}

// Of the base's type; a base of integers with an exponent of floats is raised in floats.
void ir_put_pow(GraphToIr& g, Row row) {
  const StorageType base = g.storage(0), exponent = g.storage(1);
  if (base == exponent || !base || !exponent) return ir_put_binary(g, row);
  if (has_float_numbers(base) || !has_float_numbers(exponent)) {
    return g.give(g.both(row.layer, g.input(0), g.convert(g.input(1), base), g.output_type()));
  }
  g.give(g.convert(g.both(row.layer, g.convert(g.input(0), exponent), g.input(1)), base));
}

void ir_put_bit_shift(GraphToIr& g, Row) {
  const bool left = g.word("direction", "LEFT") == "LEFT";
  g.give(g.out().add(left ? "BitwiseLeftShift" : "BitwiseRightShift", "opset15", {g.input(0), g.input(1)},
                     {{"auto_broadcast", "numpy"}}, g.output_type()));
}

// Of a Dropout the second output says that all is kept.
void ir_put_dropout(GraphToIr& g, Row row) {
  if (g.has(2) && g.number_of(2) != 0.0) g.refuse("dropping numbers at random, for training");
  g.give(0, g.input(0));
  if (g.output_count() < 2) return;
  const IrValue kept = g.out().small_number("boolean", 1);
  g.give(1, g.out().add(row.layer, row.opset, {kept, g.shape(g.input(0))}, {{"mode", "numpy"}}, "boolean"));
}

void ir_put_where(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, g.inputs(), {{"auto_broadcast", "numpy"}}, g.output_type()));
}

void ir_put_pass(GraphToIr& g, Row) {
  if (g.output_count() > 1) g.refuse("more than one output");
  g.give(g.input(0));
}

void ir_put_cast(GraphToIr& g, Row) {
  const StorageType type = ops::element_type(g.integer("to", 1));
  if (!type) g.refuse("to texts");
  g.give(g.convert(g.input(0), type));
}

void ir_put_cast_like(GraphToIr& g, Row) {
  if (!g.storage(1)) g.refuse("to a type that is not known");
  g.give(g.convert(g.input(0), g.storage(1)));
}

void ir_put_clip(GraphToIr& g, Row) {
  IrValue x = g.input(0);
  if (g.has(1)) x = g.both("Maximum", x, in_type_of_x(g, 1), g.output_type());
  if (g.has(2)) x = g.both("Minimum", x, in_type_of_x(g, 2), g.output_type());
  g.give(x);
}

void ir_put_reciprocal(GraphToIr& g, Row) {
  g.give(g.both("Divide", g.scalar(1, g.storage(0)), g.input(0), g.output_type()));
}

// Of integers, cut off; the layer rounds down unless it is told otherwise.
void ir_put_div(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, {g.input(0), g.input(1)},
                     {{"auto_broadcast", "numpy"}, {"m_pythondiv", "false"}}, g.output_type()));
}

void ir_put_mod(GraphToIr& g, Row) {
  g.give(g.both(g.integer("fmod", 0) != 0 ? "Mod" : "FloorMod", g.input(0), g.input(1), g.output_type()));
}

void give_along_axis(GraphToIr& g, const std::function<IrValue(IrValue x, int64_t axis)>& make) {
  const int64_t axis = g.integer("axis", -1);
  const IrValue x = g.input(0);
  const auto& type = g.type(0);
  const bool is_last =
      axis == -1 || (type.rank_known && ops::checked_axis(axis, type.dims.size()) + 1 == type.dims.size());
  if (!g.flag("flatten") || is_last) return g.give(make(x, axis));
  const IrValue lines = make(flattened(g, axis), 1);
  g.give(g.out().add("Reshape", "opset1", {lines, g.shape(x)}, {{"special_zero", "false"}}, g.output_type()));
}

void ir_put_softmax(GraphToIr& g, Row row) {
  give_along_axis(g, [&](IrValue x, int64_t axis) {
    return g.out().add(row.layer, row.opset, {x}, {{"axis", std::to_string(axis)}}, g.output_type());
  });
}

}  // namespace adze::formats
