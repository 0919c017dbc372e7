// lint: foreign names: OpenVINO, ONNX
// Numbers that follow from the numbers at the same place.
#include <fmt/format.h>

#include "codecs/codec.h"
#include "formats/openvino/standard_to_ir.h"
#include "formats/openvino_ir/ir_numbers.h"
#include "ops/standard/narrow_floats.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {
namespace {

std::string text_of(double number) { return fmt::format("{}", static_cast<float>(number)); }

bool is_float(StorageType type) {
  return type == &codecs::f32.info || type == &codecs::f64.info || ops::is_narrow_float(type);
}

/// A scale or zero point along an axis of x, as a shape that goes with x's.
IrValue along_axis(GraphToIr& g, size_t input) {
  const int64_t parameter_rank = g.rank(input);
  if (parameter_rank == 0) return g.input(input);
  if (parameter_rank != 1 || g.integer("block_size", 0) != 0) g.refuse("scales in blocks");
  const int64_t rank = g.rank(0);
  std::vector<int64_t> dims(static_cast<size_t>(rank), 1);
  if (rank > 0) dims[ops::checked_axis(g.integer("axis", 1), static_cast<size_t>(rank))] = -1;
  return g.out().add("Reshape", "opset1", {g.input(input), g.out().ints(dims)}, {{"special_zero", "false"}});
}

}  // namespace

void ir_put_unary(GraphToIr& g, Row row) {
  IrBuilder::Attributes attributes;
  if (row.layer == "Round") attributes = {{"mode", "half_to_even"}};
  g.give(g.out().add(row.layer, row.opset, {g.input(0)}, attributes, g.output_type()));
}

void ir_put_binary(GraphToIr& g, Row row) { g.give(g.both(row.layer, g.input(0), g.input(1), g.output_type())); }

void ir_put_many(GraphToIr& g, Row row) {
  IrValue all = g.input(0);
  for (size_t i = 1; i < g.node().inputs.size(); ++i) all = g.both(row.layer, all, g.input(i), g.output_type());
  g.give(all);
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

void ir_put_clip(GraphToIr& g, Row) {
  IrValue x = g.input(0);
  if (g.has(1)) x = g.both("Maximum", x, g.input(1), g.output_type());
  if (g.has(2)) x = g.both("Minimum", x, g.input(2), g.output_type());
  g.give(x);
}

void ir_put_elu(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, {g.input(0)}, {{"alpha", text_of(g.number("alpha", 1))}}, g.output_type()));
}

// PRelu too: x where it is not negative, else x times the slope.
void ir_put_leaky_relu(GraphToIr& g, Row) {
  const IrValue x = g.input(0), zero = g.scalar(0, g.storage(0));
  const IrValue slope = g.has(1) ? g.input(1) : g.scalar(g.number("alpha", 0.01), g.storage(0));
  const IrValue is_negative = g.both("Less", x, zero, "boolean");
  const IrValue below = g.both("Multiply", x, slope, g.output_type());
  g.give(g.out().add("Select", "opset1", {is_negative, below, x}, {{"auto_broadcast", "numpy"}}, g.output_type()));
}

void ir_put_hard_sigmoid(GraphToIr& g, Row row) {
  g.give(g.out().add(
      row.layer, row.opset,
      {g.input(0), g.scalar(g.number("alpha", 0.2), g.storage(0)), g.scalar(g.number("beta", 0.5), g.storage(0))}, {},
      g.output_type()));
}

void ir_put_gelu(GraphToIr& g, Row row) {
  const bool by_tanh = g.word("approximate", "none") == "tanh";
  g.give(g.out().add(row.layer, row.opset, {g.input(0)}, {{"approximation_mode", by_tanh ? "TANH" : "ERF"}},
                     g.output_type()));
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

void ir_put_softmax(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, {g.input(0)}, {{"axis", std::to_string(g.integer("axis", -1))}},
                     g.output_type()));
}

// round(x / scale) + zero, within the limits of the type.
void ir_put_quantize(GraphToIr& g, Row) {
  auto& out = g.out();
  const StorageType type = g.has(2) ? g.storage(2) : &codecs::u8.info;
  const bool is_byte = type == &codecs::i8.info || type == &codecs::u8.info;
  if (!is_byte || g.storage(0) != &codecs::f32.info) g.refuse("types other than f32 and 8-bit integers");
  IrValue x = out.add("Round", "opset5", {g.both("Divide", g.input(0), along_axis(g, 1))}, {{"mode", "half_to_even"}});
  if (g.has(2)) x = g.both("Add", x, g.convert(along_axis(g, 2), &codecs::f32.info));
  const bool has_sign = type == &codecs::i8.info;
  x = out.add("Clamp", "opset1", {x}, {{"min", has_sign ? "-128" : "0"}, {"max", has_sign ? "127" : "255"}});
  g.give(g.convert(x, type));
}

void ir_put_dequantize(GraphToIr& g, Row) {
  const StorageType type = g.storage(1);
  if (!is_float(type)) g.refuse("scales whose type is not known");
  IrValue x = g.convert(g.input(0), type);
  if (g.has(2)) x = g.both("Subtract", x, g.convert(along_axis(g, 2), type), g.output_type());
  g.give(g.both("Multiply", x, along_axis(g, 1), g.output_type()));
}

}  // namespace adze::formats
