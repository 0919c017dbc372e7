// What happens to each row: norms, activations, sums.
#include <fmt/format.h>

#include "formats/openvino_lowering/ir_lowerings.h"

namespace adze::formats {
namespace {

struct GroupedRows {
  int64_t groups;
  int64_t width;
  IrValue values;  // [batch, sequence, width], or [batch, sequence, groups, width]
};

GroupedRows grouped(IrLowering& l) {
  const int64_t groups = graph::int_attribute_or(l.node(), "groups", 1);
  const int64_t width = l.features(0) / groups;
  return {groups, width, groups == 1 ? l.input(0) : l.reshape(l.input(0), {0, 0, groups, width})};
}

IrValue as_rows(IrLowering& l, const GroupedRows& rows, IrValue values) {
  return rows.groups == 1 ? values : l.reshape(values, {0, 0, rows.groups * rows.width});
}

IrValue gelu_of(IrLowering& l, IrValue x) {
  const bool tanh = graph::string_attribute_or(l.node(), "approximation", "none") == "tanh";
  return l.out().add("Gelu", "opset7", {x}, {{"approximation_mode", tanh ? "TANH" : "ERF"}});
}

}  // namespace

void ir_rms_norm(IrLowering& l) {
  auto& out = l.out();
  const GroupedRows rows = grouped(l);
  const auto squares = out.add("Power", "opset1", {rows.values, out.number(2)}, {{"auto_broadcast", "numpy"}});
  const auto mean = out.add("ReduceMean", "opset1", {squares, out.ints({-1})}, {{"keep_dims", "true"}});
  const auto root = out.add("Sqrt", "opset1", {l.add(mean, out.number(graph::number_attribute(l.node(), "epsilon")))});
  const auto normed = l.multiply(rows.values, l.divide(out.number(1), root));
  l.set_result(as_rows(l, rows, l.multiply(normed, ir_float_weight(l, l.weight(1)))));
}

void ir_layer_norm(IrLowering& l) {
  auto& out = l.out();
  const GroupedRows rows = grouped(l);
  const auto epsilon = fmt::format("{}", graph::number_attribute(l.node(), "epsilon"));
  auto normed = out.add("MVN", "opset6", {rows.values, out.ints({-1})},
                        {{"normalize_variance", "true"}, {"eps", epsilon}, {"eps_mode", "INSIDE_SQRT"}});
  normed = l.multiply(normed, ir_float_weight(l, l.weight(1)));
  if (l.has_input(2)) normed = l.add(normed, ir_float_weight(l, l.weight(2)));
  l.set_result(as_rows(l, rows, normed));
}

void ir_add(IrLowering& l) { l.set_result(l.add(l.input(0), l.input(1))); }

void ir_swiglu(IrLowering& l) { l.set_result(l.multiply(l.out().add("Swish", "opset4", {l.input(0)}), l.input(1))); }

void ir_clamped_swiglu(IrLowering& l) {
  auto& out = l.out();
  const double limit = graph::number_attribute(l.node(), "limit"), slope = graph::number_attribute(l.node(), "slope");
  const auto gate = out.add("Minimum", "opset1", {l.input(0), out.number(limit)}, {{"auto_broadcast", "numpy"}});
  const auto up =
      out.add("Clamp", "opset1", {l.input(1)}, {{"min", fmt::format("{}", -limit)}, {"max", fmt::format("{}", limit)}});
  const auto swished = out.add("Swish", "opset4", {gate, out.number(slope)});
  l.set_result(l.multiply(swished, l.add(up, out.number(1))));
}

void ir_gelu(IrLowering& l) { l.set_result(gelu_of(l, l.input(0))); }

void ir_geglu(IrLowering& l) { l.set_result(l.multiply(gelu_of(l, l.input(0)), l.input(1))); }

void ir_scale(IrLowering& l) {
  l.set_result(l.multiply(l.input(0), l.out().number(graph::number_attribute(l.node(), "factor"))));
}

void ir_soft_cap(IrLowering& l) {
  auto& out = l.out();
  const auto cap = out.number(graph::number_attribute(l.node(), "cap"));
  l.set_result(l.multiply(out.add("Tanh", "opset1", {l.divide(l.input(0), cap)}), cap));
}

void ir_slice_columns(IrLowering& l) {
  const int64_t begin = graph::int_attribute(l.node(), "begin");
  l.set_result(l.slice(l.input(0), 2, begin, begin + graph::int_attribute(l.node(), "count")));
}

}  // namespace adze::formats
