// lint: foreign names: OpenVINO, ONNX
// Spectra, and windows over signals.
#include <numbers>

#include "codecs/codec.h"
#include "formats/openvino/standard_to_ir.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {
namespace {

IrValue as_list(GraphToIr& g, IrValue number) {
  return g.out().add("Reshape", "opset1", {number, g.out().ints({1})}, {{"special_zero", "false"}}, "i64");
}

IrValue as_number(GraphToIr& g, IrValue list) {
  return g.out().add("Reshape", "opset1", {list, g.out().ints({})}, {{"special_zero", "false"}}, "i64");
}

/// Real numbers [..., 1] as complex ones [..., 2].
IrValue complex_input(GraphToIr& g) {
  g.rank(0);
  const auto& dims = g.type(0).dims;
  if (dims.empty() || !dims.back().is_constant()) g.refuse("numbers that may be real or complex");
  if (dims.back() == 2) return g.input(0);
  auto& out = g.out();
  const IrValue zeros = out.add("Broadcast", "opset3", {g.scalar(0, g.storage(0)), g.shape(g.input(0))},
                                {{"mode", "numpy"}}, g.output_type());
  return out.add("Concat", "opset1", {g.input(0), zeros}, {{"axis", "-1"}}, g.output_type());
}

/// The first half of a spectrum along an axis, and the number behind it.
IrValue first_half(GraphToIr& g, IrValue spectrum, int64_t axis) {
  auto& out = g.out();
  const IrValue half = g.both("Divide", g.length(spectrum, axis), out.whole(2), "i64");
  const IrValue end = as_list(g, g.both("Add", half, out.whole(1), "i64"));
  return out.add("Slice", "opset8", {spectrum, out.ints({0}), end, out.ints({1}), out.ints({axis})}, {},
                 g.output_type());
}

/// a0 - a1 cos(t) + a2 cos(2 t) over one turn.
void put_window(GraphToIr& g, double a0, double a1, double a2) {
  auto& out = g.out();
  const IrValue size = as_number(g, g.convert(g.input(0), &codecs::i64.info));
  const IrValue count = g.flag("periodic", true) ? size : g.both("Subtract", size, out.whole(1), "i64");
  const auto as_float = [&](IrValue x) { return g.convert(x, &codecs::f32.info); };
  const IrValue share = g.both("Divide", as_float(g.count_to(size)), as_float(count));
  const auto wave = [&](double turns, double height) {
    const IrValue angle = g.both("Multiply", share, out.number(2 * std::numbers::pi * turns));
    return g.both("Multiply", out.add("Cos", "opset1", {angle}), out.number(height));
  };
  IrValue made = g.both("Add", out.number(a0), wave(1, -a1));
  if (a2 != 0) made = g.both("Add", made, wave(2, a2));
  g.give(g.convert(made, ops::element_type(g.integer("output_datatype", 1))));
}

}  // namespace

// Axes count without that of the numbers' parts.
void ir_put_dft(GraphToIr& g, Row row) {
  const bool inverse = g.flag("inverse"), half = g.flag("onesided");
  if (inverse && half) g.refuse("the real signal of half a spectrum");
  const auto given = g.has(2) ? g.number_of(2) : -2.0;
  if (!given) g.refuse("an axis that is computed");
  const auto axis = static_cast<int64_t>(*given);
  std::vector<IrValue> inputs{complex_input(g), g.out().ints({axis < 0 ? axis + 1 : axis})};
  if (g.has(1)) inputs.push_back(as_list(g, g.input(1)));
  const IrValue spectrum = g.out().add(inverse ? "IDFT" : row.layer, row.opset, inputs, {}, g.output_type());
  g.give(half ? first_half(g, spectrum, axis) : spectrum);
}

void ir_put_stft(GraphToIr& g, Row row) {
  auto& out = g.out();
  const auto& signal = g.type(0);
  const bool is_real = g.rank(0) == 2 || signal.dims.back() == 1;
  if (!is_real || !g.flag("onesided", true)) g.refuse("both sides of a spectrum");
  if (!g.has(2) && !g.has(3)) g.refuse("frames of no length");
  const IrValue x = g.rank(0) == 2 ? g.input(0) : g.squeeze(g.input(0), 2, g.output_type());
  const IrValue length = g.has(3) ? as_number(g, g.input(3)) : g.length(g.input(2), 0);
  const auto ones = [&] {
    return out.add("Broadcast", "opset3", {g.scalar(1, g.storage(0)), as_list(g, length)}, {{"mode", "numpy"}},
                   g.output_type());
  };
  g.give(out.add(row.layer, row.opset, {x, g.has(2) ? g.input(2) : ones(), length, as_number(g, g.input(1))},
                 {{"transpose_frames", "false"}}, g.output_type()));
}

void ir_put_hann_window(GraphToIr& g, Row) { put_window(g, 0.5, 0.5, 0); }
void ir_put_hamming_window(GraphToIr& g, Row) { put_window(g, 25.0 / 46.0, 1 - 25.0 / 46.0, 0); }
void ir_put_blackman_window(GraphToIr& g, Row) { put_window(g, 0.42, 0.5, 0.08); }

}  // namespace adze::formats
