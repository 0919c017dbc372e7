// lint: foreign names: OpenVINO, ONNX
// Quantized numbers: computed in f32, which is exact as long as sums of products of bytes stay below 2^24.
#include <fmt/format.h>

#include "codecs/codec.h"
#include "formats/openvino/standard_to_ir.h"
#include "formats/openvino_ir/ir_numbers.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {
namespace {

bool is_byte(StorageType type) { return type == &codecs::i8.info || type == &codecs::u8.info; }

/// A scale or zero point along an axis of x, as a shape that goes with x's.
IrValue along_axis(GraphToIr& g, size_t input, size_t x, int64_t axis) {
  const auto& type = g.type(input);
  const bool is_one = type.rank_known && (type.dims.empty() || (type.dims.size() == 1 && type.dims[0] == 1));
  if (is_one) return g.input(input);
  if (g.rank(input) != 1) g.refuse("scales in blocks");
  const int64_t rank = g.rank(x);
  std::vector<int64_t> dims(static_cast<size_t>(rank), 1);
  if (rank > 0) dims[ops::checked_axis(axis, static_cast<size_t>(rank))] = -1;
  return g.out().add("Reshape", "opset1", {g.input(input), g.out().ints(dims)}, {{"special_zero", "false"}});
}

IrValue along_axis(GraphToIr& g, size_t input) {
  if (g.integer("block_size", 0) != 0) g.refuse("scales in blocks");
  return along_axis(g, input, 0, g.integer("axis", 1));
}

IrValue rounded(GraphToIr& g, IrValue x) { return g.out().add("Round", "opset5", {x}, {{"mode", "half_to_even"}}); }

/// Within the limits of a byte, and as one.
IrValue as_byte(GraphToIr& g, IrValue x, StorageType type) {
  const bool has_sign = type == &codecs::i8.info;
  x = g.out().add("Clamp", "opset1", {x}, {{"min", has_sign ? "-128" : "0"}, {"max", has_sign ? "127" : "255"}});
  return g.convert(x, type);
}

IrValue wide(GraphToIr& g, IrValue x) { return g.convert(x, &codecs::f32.info); }

/// A scale that may be stored in fewer bits; `input`: whose type it has.
IrValue as_f32(GraphToIr& g, size_t input, IrValue x) { return g.storage(input) == &codecs::f32.info ? x : wide(g, x); }

/// Codes less their zero point, in f32.
IrValue centered(GraphToIr& g, size_t codes, size_t zero, int64_t axis) {
  const IrValue x = wide(g, g.input(codes));
  return g.has(zero) ? g.both("Subtract", x, wide(g, along_axis(g, zero, codes, axis))) : x;
}

IrValue product(GraphToIr& g, IrValue a, IrValue b) {
  return g.out().add("MatMul", "opset1", {a, b}, {{"transpose_a", "false"}, {"transpose_b", "false"}});
}

/// round(sum * scales / scale) + zero, as the zero point's type.
void give_quantized(GraphToIr& g, IrValue sum, IrValue scales, size_t scale, size_t zero) {
  if (!is_byte(g.storage(zero))) g.refuse("results other than 8-bit integers");
  const IrValue factor = g.both("Divide", scales, as_f32(g, scale, g.input(scale)));
  const IrValue scaled = rounded(g, g.both("Multiply", sum, factor));
  g.give(as_byte(g, g.both("Add", scaled, wide(g, g.input(zero))), g.storage(zero)));
}

/// What codes stand for: their scale and, where there is one, their zero point follow them among the inputs.
IrValue dequantized(GraphToIr& g, size_t codes) {
  return g.both("Multiply", centered(g, codes, codes + 2, 1), as_f32(g, codes + 1, along_axis(g, codes + 1, codes, 1)));
}

/// round(x / scale) + zero
IrValue codes_of(GraphToIr& g, IrValue x, IrValue scale, IrValue zero) {
  return as_byte(g, g.both("Add", rounded(g, g.both("Divide", x, scale)), zero), &codecs::u8.info);
}

}  // namespace

// round(x / scale) + zero, within the limits of the type.
void ir_put_quantize(GraphToIr& g, Row) {
  const int64_t wanted = g.integer("output_dtype", 0);
  const StorageType fallback = wanted == 0 ? &codecs::u8.info : ops::element_type(wanted);
  const StorageType type = g.has(2) ? g.storage(2) : fallback;
  if (!is_byte(type) || g.storage(0) != &codecs::f32.info) g.refuse("types other than f32 and 8-bit integers");
  const IrValue x = rounded(g, g.both("Divide", g.input(0), along_axis(g, 1)));
  g.give(as_byte(g, g.has(2) ? g.both("Add", x, wide(g, along_axis(g, 2))) : x, type));
}

void ir_put_dequantize(GraphToIr& g, Row) {
  const StorageType type = g.storage(1);
  if (!has_float_numbers(type)) g.refuse("scales whose type is not known");
  IrValue x = g.convert(g.input(0), type);
  if (g.has(2)) x = g.both("Subtract", x, g.convert(along_axis(g, 2), type), g.output_type());
  g.give(g.both("Multiply", x, along_axis(g, 1), g.output_type()));
}

// The scale of a range of nothing is 1.
void ir_put_dynamic_quantize(GraphToIr& g, Row) {
  auto& out = g.out();
  const IrValue x = g.input(0), zero = out.number(0), steps = out.number(255);
  const IrValue axes = g.all_axes(x);
  const IrValue most = g.both("Maximum", g.reduce("ReduceMax", x, axes, false, "f32"), zero);
  const IrValue least = g.both("Minimum", g.reduce("ReduceMin", x, axes, false, "f32"), zero);
  const IrValue range = g.both("Subtract", most, least);
  const IrValue is_nothing = g.both("Equal", range, zero, "boolean");
  const IrValue scale = out.add("Select", "opset1", {is_nothing, out.number(1), g.both("Divide", range, steps)},
                                {{"auto_broadcast", "numpy"}});
  const IrValue place = rounded(g, g.both("Divide", g.both("Subtract", zero, least), scale));
  const IrValue shift = out.add("Clamp", "opset1", {place}, {{"min", "0"}, {"max", "255"}});
  g.give(0, codes_of(g, x, scale, shift));
  g.give(1, scale);
  g.give(2, g.convert(shift, &codecs::u8.info));
}

// A zero point for each row of a, for each column of b.
void ir_put_mat_mul_integer(GraphToIr& g, Row) {
  g.give(g.convert(product(g, centered(g, 0, 2, -2), centered(g, 1, 3, -1)), &codecs::i32.info));
}

void ir_put_q_linear_mat_mul(GraphToIr& g, Row) {
  const IrValue sum = product(g, centered(g, 0, 2, -2), centered(g, 3, 5, -1));
  const IrValue scales =
      g.both("Multiply", as_f32(g, 1, along_axis(g, 1, 0, -2)), as_f32(g, 4, along_axis(g, 4, 3, -1)));
  give_quantized(g, sum, scales, 6, 7);
}

void ir_put_q_linear_add(GraphToIr& g, Row) {
  const StorageType type = g.storage(0);
  if (!is_byte(type)) g.refuse("results other than 8-bit integers");
  const IrValue sum = g.both("Add", dequantized(g, 0), dequantized(g, 3));
  const IrValue scaled = rounded(g, g.both("Divide", sum, as_f32(g, 6, g.input(6))));
  g.give(as_byte(g, g.has(7) ? g.both("Add", scaled, wide(g, g.input(7))) : scaled, type));
}

void ir_put_conv_integer(GraphToIr& g, Row row) {
  const IrValue made = convolution(g, row, {centered(g, 0, 2, 1), centered(g, 1, 3, 0)}, 1);
  g.give(g.convert(made, &codecs::i32.info));
}

// Scales of filters belong to the channels of what is made.
void ir_put_q_linear_conv(GraphToIr& g, Row row) {
  if (g.flag("channels_last")) g.refuse("channels that stand last");
  IrValue sum = convolution(g, row, {centered(g, 0, 2, 1), centered(g, 3, 5, 0)}, 3);
  const size_t rank = static_cast<size_t>(g.rank(3));
  std::vector<int64_t> by_channel(rank, 1);
  by_channel[1] = -1;
  const auto reshaped = [&](size_t input) {
    return g.out().add("Reshape", "opset1", {g.input(input), g.out().ints(by_channel)}, {{"special_zero", "false"}});
  };
  if (g.has(8)) sum = g.both("Add", sum, wide(g, reshaped(8)));
  give_quantized(g, sum, g.both("Multiply", g.input(1), reshaped(4)), 6, 7);
}

}  // namespace adze::formats
