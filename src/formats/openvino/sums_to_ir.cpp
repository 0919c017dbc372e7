// lint: foreign names: OpenVINO, ONNX
// Sums: products of matrices, reductions, normalizations, recurrent layers.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/openvino/standard_to_ir.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {
namespace {

using Ints = std::vector<int64_t>;

std::string text_of(double number) { return fmt::format("{}", static_cast<float>(number)); }
std::string flag_text(bool flag) { return flag ? "true" : "false"; }

IrValue product(GraphToIr& g, IrValue a, IrValue b, bool turn_a, bool turn_b) {
  return g.out().add("MatMul", "opset1", {a, b},
                     {{"transpose_a", flag_text(turn_a)}, {"transpose_b", flag_text(turn_b)}}, g.output_type());
}

/// Axes of a reduction: an input, or all.
IrValue reduced_axes(GraphToIr& g) {
  if (g.has(1)) return g.input(1);
  if (g.integer("noop_with_empty_axes", 0) != 0) return g.out().ints({});
  Ints all(static_cast<size_t>(g.rank(0)));
  std::iota(all.begin(), all.end(), 0);
  return g.out().ints(all);
}

/// [directions, gates * hidden, …] with the gates in another order; every number of the order is a slice.
IrValue gates(GraphToIr& g, IrValue x, const Ints& order, int64_t hidden) {
  std::vector<IrValue> parts;
  for (const int64_t gate : order) {
    auto& out = g.out();
    const IrValue begin = out.ints({gate * hidden}), end = out.ints({(gate + 1) * hidden}), one = out.ints({1});
    parts.push_back(out.add("Slice", "opset8", {x, begin, end, one, one}));
  }
  return g.out().add("Concat", "opset1", parts, {{"axis", "1"}});
}

struct Recurrent {
  int64_t hidden, directions;
  std::string direction;
};

Recurrent recurrent_of(GraphToIr& g) {
  Recurrent r{g.integer("hidden_size", 0), 1, g.word("direction", "forward")};
  if (r.hidden < 1) g.refuse("its size must be given");
  r.directions = r.direction == "bidirectional" ? 2 : 1;
  if (!g.word("activations", "").empty()) g.refuse("activations of its own");
  if (g.integer("layout", 0) != 0 || g.integer("input_forget", 0) != 0) g.refuse("its layout or coupled gates");
  return r;
}

/// The number of sequences, and their length, as i64 [1].
IrValue dimension(GraphToIr& g, IrValue x, int64_t axis) {
  const IrValue shape = g.out().add("ShapeOf", "opset3", {x}, {{"output_type", "i64"}}, "i64");
  return g.out().add("Gather", "opset8", {shape, g.out().ints({axis}), g.out().whole(0)}, {{"batch_dims", "0"}}, "i64");
}

/// [directions, batch, hidden] -> [batch, directions, hidden]; zeros where it is not given.
IrValue first_state(GraphToIr& g, size_t input, const Recurrent& r) {
  auto& out = g.out();
  if (g.has(input)) return g.transpose(g.input(input), {1, 0, 2});
  const IrValue shape = out.add("Concat", "opset1", {dimension(g, g.input(0), 1), out.ints({r.directions, r.hidden})},
                                {{"axis", "0"}}, "i64");
  return out.add("Broadcast", "opset3", {out.number(0), shape}, {{"mode", "numpy"}});
}

IrValue lengths_of(GraphToIr& g) {
  auto& out = g.out();
  if (g.has(4)) return g.input(4);
  return out.add("Broadcast", "opset3", {dimension(g, g.input(0), 0), dimension(g, g.input(0), 1)}, {{"mode", "numpy"}},
                 "i64");
}

IrBuilder::Attributes attributes_of(const Recurrent& r, const std::string& activations) {
  return {{"direction", r.direction},   {"hidden_size", std::to_string(r.hidden)},
          {"activations", activations}, {"activations_alpha", ""},
          {"activations_beta", ""},     {"clip", "0"}};
}

/// Halves of the bias for both products, added where both belong to the same gates.
IrValue joined_bias(GraphToIr& g, const Recurrent& r, int64_t count) {
  auto& out = g.out();
  if (!g.has(3)) {
    HostTensor zeros = ops::zeros(&codecs::f32.info, {r.directions, count * r.hidden});
    const auto bytes = zeros.bytes();
    return out.packed(fmt::format("zeros {} {}", r.directions, count * r.hidden), "f32", zeros.dims(),
                      {bytes.begin(), bytes.end()});
  }
  Ints first(static_cast<size_t>(count)), second(static_cast<size_t>(count));
  std::iota(first.begin(), first.end(), 0);
  std::iota(second.begin(), second.end(), count);
  return g.both("Add", gates(g, g.input(3), first, r.hidden), gates(g, g.input(3), second, r.hidden));
}

void give_sequence(GraphToIr& g, const std::vector<IrValue>& outputs) {
  // [batch, directions, time, hidden] here, [time, directions, batch, hidden] there.
  g.give(0, g.transpose(outputs[0], {2, 1, 0, 3}));
  for (size_t i = 1; i < outputs.size(); ++i) g.give(i, g.transpose(outputs[i], {1, 0, 2}));
}

}  // namespace

void ir_put_mat_mul(GraphToIr& g, Row) { g.give(product(g, g.input(0), g.input(1), false, false)); }

void ir_put_gemm(GraphToIr& g, Row) {
  IrValue made = product(g, g.input(0), g.input(1), g.integer("transA", 0) != 0, g.integer("transB", 0) != 0);
  const double alpha = g.number("alpha", 1), beta = g.number("beta", 1);
  if (alpha != 1) made = g.both("Multiply", made, g.scalar(alpha, g.storage(0)), g.output_type());
  if (g.has(2)) {
    IrValue c = g.input(2);
    if (beta != 1) c = g.both("Multiply", c, g.scalar(beta, g.storage(0)), g.output_type());
    made = g.both("Add", made, c, g.output_type());
  }
  g.give(made);
}

void ir_put_reduce(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, {g.input(0), reduced_axes(g)},
                     {{"keep_dims", flag_text(g.integer("keepdims", 1) != 0)}}, g.output_type()));
}

// The first of the largest.
void ir_put_arg(GraphToIr& g, Row row) {
  auto& out = g.out();
  if (g.integer("select_last_index", 0) != 0) g.refuse("the last of the largest");
  const int64_t axis = g.integer("axis", 0);
  const auto found = out.add_several("TopK", "opset11", {g.input(0), out.whole(1)},
                                     {{"axis", std::to_string(axis)},
                                      {"mode", std::string(row.layer)},
                                      {"sort", "none"},
                                      {"index_element_type", "i64"},
                                      {"stable", "false"}},
                                     {"f32", "i64"});
  if (g.integer("keepdims", 1) != 0) return g.give(found[1]);
  g.give(out.add("Squeeze", "opset1", {found[1], out.ints({axis})}, {}, "i64"));
}

void ir_put_top_k(GraphToIr& g, Row row) {
  auto& out = g.out();
  const IrValue count = out.add("Squeeze", "opset1", {g.input(1), out.ints({0})}, {}, "i64");
  const auto found = out.add_several(row.layer, row.opset, {g.input(0), count},
                                     {{"axis", std::to_string(g.integer("axis", -1))},
                                      {"mode", g.integer("largest", 1) != 0 ? "max" : "min"},
                                      {"sort", "value"},
                                      {"index_element_type", "i64"},
                                      {"stable", "true"}},
                                     {g.output_type(), "i64"});
  g.give(0, found[0]);
  g.give(1, found[1]);
}

void ir_put_cum_sum(GraphToIr& g, Row row) {
  g.give(g.out().add(
      row.layer, row.opset, {g.input(0), g.input(1)},
      {{"exclusive", flag_text(g.integer("exclusive", 0) != 0)}, {"reverse", flag_text(g.integer("reverse", 0) != 0)}},
      g.output_type()));
}

void ir_put_batch_norm(GraphToIr& g, Row row) {
  if (g.output_count() > 1) g.refuse("training");
  g.give(g.out().add(row.layer, row.opset, g.inputs(), {{"epsilon", text_of(g.number("epsilon", 1e-5))}},
                     g.output_type()));
}

void ir_put_layer_norm(GraphToIr& g, Row row) {
  if (g.output_count() > 1) g.refuse("mean and spread as outputs");
  const int64_t rank = g.rank(0);
  Ints axes;
  for (auto axis = static_cast<int64_t>(ops::checked_axis(g.integer("axis", -1), static_cast<size_t>(rank)));
       axis < rank; ++axis) {
    axes.push_back(axis);
  }
  IrValue x = g.out().add(
      row.layer, row.opset, {g.input(0), g.out().ints(axes)},
      {{"normalize_variance", "true"}, {"eps", text_of(g.number("epsilon", 1e-5))}, {"eps_mode", "inside_sqrt"}},
      g.output_type());
  x = g.both("Multiply", x, g.input(1), g.output_type());
  if (g.has(2)) x = g.both("Add", x, g.input(2), g.output_type());
  g.give(x);
}

void ir_put_instance_norm(GraphToIr& g, Row row) {
  const int64_t rank = g.rank(0);
  Ints axes, by_channel(static_cast<size_t>(std::max<int64_t>(rank - 1, 1)), 1);
  for (int64_t axis = 2; axis < rank; ++axis) axes.push_back(axis);
  by_channel[0] = -1;
  const IrValue moved = g.out().add(
      row.layer, row.opset, {g.input(0), g.out().ints(axes)},
      {{"normalize_variance", "true"}, {"eps", text_of(g.number("epsilon", 1e-5))}, {"eps_mode", "inside_sqrt"}});
  const IrValue scaled = g.both("Multiply", moved, g.reshape(g.input(1), by_channel));
  g.give(g.both("Add", scaled, g.reshape(g.input(2), by_channel)));
}

void ir_put_lrn(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, {g.input(0), g.out().ints({1})},
                     {{"alpha", text_of(g.number("alpha", 1e-4))},
                      {"beta", text_of(g.number("beta", 0.75))},
                      {"bias", text_of(g.number("bias", 1))},
                      {"size", std::to_string(g.integer("size", 1))}},
                     g.output_type()));
}

void ir_put_einsum(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, g.inputs(), {{"equation", g.word("equation", "")}}, g.output_type()));
}

// Gates: input, output, forget, cell there; forget, input, cell, output here.
void ir_put_lstm(GraphToIr& g, Row row) {
  const Recurrent r = recurrent_of(g);
  if (g.has(7)) g.refuse("peepholes");
  const Ints order{2, 0, 3, 1};
  const auto outputs =
      g.out().add_several(row.layer, row.opset,
                          {g.transpose(g.input(0), {1, 0, 2}), first_state(g, 5, r), first_state(g, 6, r),
                           lengths_of(g), gates(g, g.input(1), order, r.hidden), gates(g, g.input(2), order, r.hidden),
                           gates(g, joined_bias(g, r, 4), order, r.hidden)},
                          attributes_of(r, "sigmoid,tanh,tanh"), {"f32", "f32", "f32"});
  give_sequence(g, outputs);
}

// The bias of the recurrent product of the hidden gate stands apart with linear_before_reset.
void ir_put_gru(GraphToIr& g, Row row) {
  const Recurrent r = recurrent_of(g);
  const bool before = g.integer("linear_before_reset", 0) != 0;
  IrValue bias = joined_bias(g, r, before && !g.has(3) ? 4 : 3);
  if (before && g.has(3)) {
    const IrValue sums = gates(g, bias, {0, 1}, r.hidden);
    bias = g.out().add("Concat", "opset1", {sums, gates(g, g.input(3), {2, 5}, r.hidden)}, {{"axis", "1"}});
  }
  auto attributes = attributes_of(r, "sigmoid,tanh");
  attributes.emplace_back("linear_before_reset", flag_text(before));
  const auto outputs = g.out().add_several(
      row.layer, row.opset,
      {g.transpose(g.input(0), {1, 0, 2}), first_state(g, 5, r), lengths_of(g), g.input(1), g.input(2), bias},
      attributes, {"f32", "f32"});
  give_sequence(g, outputs);
}

}  // namespace adze::formats
