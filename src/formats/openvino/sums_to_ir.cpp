// lint: foreign names: OpenVINO, ONNX
// Sums: products of matrices, reductions, normalizations.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/openvino/standard_to_ir.h"
#include "ops/standard/infer_types.h"
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

IrValue every_axis(GraphToIr& g) {
  if (!g.type(0).rank_known) return g.all_axes(g.input(0));
  Ints all(g.type(0).dims.size());
  std::iota(all.begin(), all.end(), 0);
  return g.out().ints(all);
}

bool has_axes(GraphToIr& g) { return g.has(1) && ops::count_of_vector(g.type(1)) != 0; }

/// Over no axis: of a scalar, or where none are given and that shall mean none.
bool reduces_nothing(GraphToIr& g) {
  if (g.type(0).rank_known && g.type(0).dims.empty()) return true;
  return !has_axes(g) && g.flag("noop_with_empty_axes");
}

/// By a layer over the axes of a reduction: an input, or all. No list of axes may be empty: where there are none, an
/// axis of one number is added and reduced.
IrValue reduced(GraphToIr& g, std::string_view layer, IrValue x, bool keep_dims, IrType type) {
  if (reduces_nothing(g)) return g.reduce(layer, g.unsqueeze(x, 0, type), g.out().ints({0}), false, type);
  return g.reduce(layer, x, has_axes(g) ? g.input(1) : every_axis(g), keep_dims, type);
}

/// Axes from `axis` to the last.
Ints axes_from(GraphToIr& g, int64_t axis) {
  const int64_t rank = g.rank(0);
  Ints axes;
  for (auto next = static_cast<int64_t>(ops::checked_axis(axis, static_cast<size_t>(rank))); next < rank; ++next) {
    axes.push_back(next);
  }
  return axes;
}

IrBuilder::Attributes normalization(double epsilon, std::string_view mode = "inside_sqrt") {
  return {{"normalize_variance", "true"}, {"eps", text_of(epsilon)}, {"eps_mode", std::string(mode)}};
}

IrValue squared(GraphToIr& g, IrValue x) { return g.both("Multiply", x, x, g.output_type()); }

/// 1 / sqrt(x + epsilon)
IrValue inverse_spread(GraphToIr& g, IrValue x, double epsilon) {
  const IrValue sum = g.both("Add", x, g.scalar(epsilon, g.storage(0)), g.output_type());
  const IrValue root = g.out().add("Sqrt", "opset1", {sum}, {}, g.output_type());
  return g.both("Divide", g.scalar(1, g.storage(0)), root, g.output_type());
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

// Flags as bytes: the layers for flags are computed nowhere on the CPU.
void ir_put_extreme(GraphToIr& g, Row row) {
  if (g.storage(0) != &codecs::boolean.info) return ir_put_reduce(g, row);
  const IrValue bytes = g.convert(g.input(0), &codecs::u8.info);
  const IrValue most = reduced(g, row.layer, bytes, g.flag("keepdims", true), "u8");
  g.give(g.convert(most, &codecs::boolean.info));
}

void ir_put_reduce(GraphToIr& g, Row row) {
  g.give(reduced(g, row.layer, g.input(0), g.flag("keepdims", true), g.output_type()));
}

void ir_put_reduce_sum_square(GraphToIr& g, Row row) {
  g.give(reduced(g, row.layer, squared(g, g.input(0)), g.flag("keepdims", true), g.output_type()));
}

void ir_put_reduce_log_sum(GraphToIr& g, Row row) {
  const IrValue sum = reduced(g, row.layer, g.input(0), g.flag("keepdims", true), g.output_type());
  g.give(g.out().add("Log", "opset1", {sum}, {}, g.output_type()));
}

// log(sum(e^(x - m))) + m, m the largest, or a number where that is none.
void ir_put_reduce_log_sum_exp(GraphToIr& g, Row) {
  auto& out = g.out();
  const IrType type = g.output_type();
  const IrValue x = g.input(0);
  const bool keep = g.flag("keepdims", true);
  const auto bounded = [&](IrValue y) {
    return out.add("Clamp", "opset1", {y}, {{"min", "-3.4028235e38"}, {"max", "3.4028235e38"}}, type);
  };
  const IrValue moved = g.both("Subtract", x, bounded(reduced(g, "ReduceMax", x, true, type)), type);
  const IrValue sum = reduced(g, "ReduceSum", out.add("Exp", "opset1", {moved}, {}, type), keep, type);
  const IrValue most = bounded(reduced(g, "ReduceMax", x, keep, type));
  g.give(g.both("Add", out.add("Log", "opset1", {sum}, {}, type), most, type));
}

void ir_put_cum_sum(GraphToIr& g, Row row) {
  g.give(g.out().add(
      row.layer, row.opset, {g.input(0), one_of(g, 1, "i64")},
      {{"exclusive", flag_text(g.integer("exclusive", 0) != 0)}, {"reverse", flag_text(g.integer("reverse", 0) != 0)}},
      g.output_type()));
}

void ir_put_batch_norm(GraphToIr& g, Row row) {
  if (g.output_count() > 1) g.refuse("training");
  std::vector<IrValue> inputs{g.input(0)};
  for (size_t i = 1; i < 5; ++i) inputs.push_back(in_type_of_x(g, i));
  g.give(g.out().add(row.layer, row.opset, inputs, {{"epsilon", text_of(g.number("epsilon", 1e-5))}}, g.output_type()));
}

// The mean and the inverse of the spread, where they are asked for, are computed beside it.
void ir_put_layer_norm(GraphToIr& g, Row row) {
  const double epsilon = g.number("epsilon", 1e-5);
  const IrValue axes = g.out().ints(axes_from(g, g.integer("axis", -1)));
  IrValue x = g.out().add(row.layer, row.opset, {g.input(0), axes}, normalization(epsilon), g.output_type());
  x = g.both("Multiply", x, g.input(1), g.output_type());
  if (g.has(2)) x = g.both("Add", x, g.input(2), g.output_type());
  g.give(0, x);
  if (g.output_count() < 2) return;
  if (g.storage(0) != &codecs::f32.info) g.refuse("mean and spread of numbers other than f32");
  const IrValue mean = g.reduce("ReduceMean", g.input(0), axes, true, "f32");
  const IrValue moved = g.both("Subtract", g.input(0), mean);
  g.give(1, mean);
  g.give(2, inverse_spread(g, g.reduce("ReduceMean", squared(g, moved), axes, true, "f32"), epsilon));
}

void ir_put_rms_norm(GraphToIr& g, Row) {
  const IrValue axes = g.out().ints(axes_from(g, g.integer("axis", -1)));
  const IrValue mean = g.reduce("ReduceMean", squared(g, g.input(0)), axes, true, g.output_type());
  const IrValue factor = inverse_spread(g, mean, g.number("epsilon", 1e-5));
  g.give(g.both("Multiply", g.both("Multiply", g.input(0), factor, g.output_type()), g.input(1), g.output_type()));
}

void ir_put_mean_variance_norm(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, {g.input(0), g.out().ints(g.list("axes", {0, 2, 3}))},
                     normalization(1e-9, "outside_sqrt"), g.output_type()));
}

void ir_put_group_norm(GraphToIr& g, Row row) {
  if (g.flag("scale_of_groups")) g.refuse("scales of groups, of opset 18");
  g.give(g.out().add(
      row.layer, row.opset, g.inputs(),
      {{"num_groups", std::to_string(g.integer("num_groups", 1))}, {"epsilon", text_of(g.number("epsilon", 1e-5))}},
      g.output_type()));
}

// Where the norm is 0, so are the numbers.
void ir_put_lp_norm(GraphToIr& g, Row) {
  const bool is_first = g.integer("p", 2) == 1;
  const IrValue axes = g.out().ints({g.integer("axis", -1)});
  const IrValue norm = g.reduce(is_first ? "ReduceL1" : "ReduceL2", g.input(0), axes, true, g.output_type());
  const IrValue zero = g.scalar(0, g.storage(0));
  const IrValue divided = g.both("Divide", g.input(0), norm, g.output_type());
  g.give(g.select(g.both("Equal", norm, zero, "boolean"), zero, divided));
}

void ir_put_instance_norm(GraphToIr& g, Row row) {
  const int64_t rank = g.rank(0);
  Ints axes, by_channel(static_cast<size_t>(std::max<int64_t>(rank - 1, 1)), 1);
  for (int64_t axis = 2; axis < rank; ++axis) axes.push_back(axis);
  by_channel[0] = -1;
  const IrValue moved = g.out().add(row.layer, row.opset, {g.input(0), g.out().ints(axes)},
                                    normalization(g.number("epsilon", 1e-5)), g.output_type());
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
  std::string equation = g.word("equation", "");
  std::erase(equation, ' ');
  g.give(g.out().add(row.layer, row.opset, g.inputs(), {{"equation", equation}}, g.output_type()));
}

}  // namespace adze::formats
