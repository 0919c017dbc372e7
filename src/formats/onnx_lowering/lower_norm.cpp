// Norms, and sums: ONNX Runtime computes a sum and the norm over it in one op.
#include <fmt/format.h>

#include "formats/onnx_lowering/lowerings.h"

namespace adze::formats {
namespace {

double epsilon_of(const graph::Node& node) { return graph::number_attribute(node, "epsilon"); }

/// Rows as [batch, sequence, groups, width], where each group has a norm of its own.
struct GroupedRows {
  int64_t groups;
  int64_t width;
  std::string values;
};

GroupedRows grouped(OnnxLowering& l) {
  const int64_t groups = graph::int_attribute_or(l.node(), "groups", 1);
  const int64_t width = l.features(0) / groups;
  if (groups == 1) return {groups, width, l.input(0)};
  return {groups, width, l.out().add("Reshape", {l.input(0), l.out().ints({0, 0, groups, width})})};
}

std::string as_rows(OnnxLowering& l, const GroupedRows& rows, const std::string& values) {
  if (rows.groups == 1) return values;
  return l.out().add("Reshape", {values, l.out().ints({0, 0, rows.groups * rows.width})});
}

bool has_weights_for_groups(OnnxLowering& l) { return l.weight(1).shape.rank() == 2; }

// The ops of norms take one weight for all groups.
std::string norm_weight(OnnxLowering& l, int64_t width) {
  if (!has_weights_for_groups(l)) return add_float_weight(l.out(), l.weight(1));
  return l.out().floats(fmt::format("constant/ones[{}]", width), std::vector<float>(static_cast<size_t>(width), 1.0F));
}

}  // namespace

void lower_rms_norm(OnnxLowering& l) {
  auto& out = l.out();
  const GroupedRows rows = grouped(l);
  const auto squares = out.add("Mul", {rows.values, rows.values});
  const auto mean = out.add("ReduceMean", {squares, out.ints({-1})}, {attribute("keepdims", int64_t{1})});
  const auto root = out.add("Sqrt", {out.add("Add", {mean, out.number(epsilon_of(l.node()))})});
  const auto normed = out.add("Div", {rows.values, root});
  l.set_result(as_rows(l, rows, out.add("Mul", {normed, add_float_weight(out, l.weight(1))})));
}

void lower_rms_norm_contrib(OnnxLowering& l) {
  auto& out = l.out();
  const GroupedRows rows = grouped(l);
  // Of the domain ai.onnx, where ONNX Runtime has it beside the standard's ops.
  auto normed = out.add("SimplifiedLayerNormalization", {rows.values, norm_weight(l, rows.width)},
                        {attribute("axis", int64_t{-1}), attribute("epsilon", epsilon_of(l.node())),
                         attribute("stash_type", int64_t{1})});
  if (has_weights_for_groups(l)) normed = out.add("Mul", {normed, add_float_weight(out, l.weight(1))});
  l.set_result(as_rows(l, rows, normed));
}

void lower_layer_norm(OnnxLowering& l) {
  auto& out = l.out();
  const GroupedRows rows = grouped(l);
  std::vector<std::string> inputs{rows.values, norm_weight(l, rows.width)};
  const bool adds_bias = l.has_input(2) && l.weight(2).shape.rank() == 2;
  if (l.has_input(2) && !adds_bias) inputs.push_back(add_float_weight(out, l.weight(2)));
  auto normed = out.add("LayerNormalization", inputs,
                        {attribute("axis", int64_t{-1}), attribute("epsilon", epsilon_of(l.node()))});
  if (has_weights_for_groups(l)) normed = out.add("Mul", {normed, add_float_weight(out, l.weight(1))});
  if (adds_bias) normed = out.add("Add", {normed, add_float_weight(out, l.weight(2))});
  l.set_result(as_rows(l, rows, normed));
}

void lower_add(OnnxLowering& l) { l.set_result(l.out().add("Add", {l.input(0), l.input(1)})); }

void lower_add_contrib(OnnxLowering& l) {
  const graph::Node* norm = l.norm_of_sum();
  if (!norm) return lower_add(l);
  auto& out = l.out();
  const std::string op = "SkipSimplifiedLayerNormalization";
  const std::string normed = out.new_name(op);
  const std::string sum = normed + "/sum";
  out.add_node({.name = normed,
                .op = op,
                .domain = "com.microsoft",
                .overload = {},
                .inputs = {l.input(0), l.input(1), add_float_weight(out, l.weight_of(*norm, 1))},
                .outputs = {normed, "", "", sum},
                .attributes = {attribute("epsilon", epsilon_of(*norm))}});
  l.set_result(sum);
  l.set_result_of(*norm, normed);
}

}  // namespace adze::formats
