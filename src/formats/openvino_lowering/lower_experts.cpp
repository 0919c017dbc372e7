// Experts, and heads with weights of their own; as formats/onnx_lowering does it. Rows of experts are [batch, sequence,
// used, F], those of heads [batch, sequence, heads, F].
#include <fmt/format.h>

#include <limits>

#include "formats/numbered_parts.h"
#include "formats/openvino_lowering/ir_lowerings.h"
#include "model/derived_tensors.h"
#include "ops/route_experts/route_experts.h"

namespace adze::formats {
namespace {

using Values = std::vector<IrValue>;

// What the sum of weights is at least; see ops/route_experts.
constexpr double kSmallestSum = 0x1p-14;

struct Largest {
  IrValue values, indices;  // indices: i64
};

/// The largest `count` (i64 scalar) along an axis, or the smallest, in order.
Largest top(IrLowering& l, IrValue x, IrValue count, int64_t axis, std::string_view mode = "max", IrType type = "f32") {
  const auto made = l.out().add_several("TopK", "opset11", {x, count},
                                        {{"axis", std::to_string(axis)},
                                         {"mode", std::string(mode)},
                                         {"sort", "value"},
                                         {"index_element_type", "i64"},
                                         {"stable", "true"}},
                                        {type, "i64"});
  return {made[0], made[1]};
}

IrValue reduced_sum(IrLowering& l, IrValue x, int64_t axis, bool keep, IrType type = "f32") {
  return l.out().add("ReduceSum", "opset1", {x, l.out().ints({axis})}, {{"keep_dims", keep ? "true" : "false"}}, type);
}

IrValue softmax(IrLowering& l, IrValue x) { return l.out().add("SoftMax", "opset8", {x}, {{"axis", "-1"}}); }

IrValue both(IrLowering& l, std::string_view layer, IrValue a, IrValue b, IrType type) {
  return l.out().add(layer, "opset1", {a, b}, {{"auto_broadcast", "numpy"}}, type);
}

IrValue range(IrLowering& l, IrValue end) {
  auto& out = l.out();
  return out.add("Range", "opset4", {out.whole(0), end, out.whole(1)}, {{"output_type", "i64"}}, "i64");
}

IrValue reshaped(IrLowering& l, IrValue x, IrValue shape, IrType type) {
  return l.out().add("Reshape", "opset1", {x, shape}, {{"special_zero", "true"}}, type);
}

/// How often each of 0 … count - 1 is in the last dimension but one of `numbers` [..., n, 1]: i64 [..., count].
IrValue counts_of(IrLowering& l, IrValue numbers, int64_t count, int64_t axis) {
  const auto matches = both(l, "Equal", numbers, range(l, l.out().whole(count)), "boolean");
  return reduced_sum(l, l.convert(matches, "i64"), axis, false, "i64");
}

/// Scores of experts that the choice leaves out are the lowest numbers.
IrValue within_best_groups(IrLowering& l, IrValue choice, const ops::RouteParameters& p) {
  auto& out = l.out();
  const int64_t size = l.features(0) / p.groups;
  const auto groups = l.reshape(choice, {0, 0, p.groups, size});
  const auto members = top(l, groups, out.whole(p.groups_by_best || size == 1 ? 1 : 2), 3).values;
  const auto best = top(l, reduced_sum(l, members, 3, false), out.whole(p.groups_used), 2).indices;
  const auto counts = counts_of(l, l.unsqueeze(best, {3}, "i64"), p.groups, 2);
  const auto taken = l.unsqueeze(both(l, "Greater", counts, out.whole(0), "boolean"), {3}, "boolean");
  const auto lowest = out.number(std::numeric_limits<float>::lowest());
  const auto kept = out.add("Select", "opset1", {taken, groups, lowest}, {{"auto_broadcast", "numpy"}});
  return l.reshape(kept, {0, 0, l.features(0)});
}

/// Where rows go: i64 [rows], [experts].
struct Sorting {
  IrValue order;    // of rows of experts, by expert
  IrValue inverse;  // where each of them is then
  IrValue counts;   // rows of each expert
};

// Rows of one expert stay in their order.
Sorting sorted_by_expert(IrLowering& l, IrValue chosen, int64_t experts) {
  auto& out = l.out();
  const auto key = fmt::format("experts chosen by {}.{}", chosen.layer, chosen.port);
  const auto flat = out.shared(key, [&] { return reshaped(l, chosen, out.ints({-1}), "i64"); });
  const auto count = out.shared(
      key + " counted", [&] { return out.add("Squeeze", "opset1", {l.dimension(flat, 0), out.ints({0})}, {}, "i64"); });
  Sorting sorting;
  sorting.order = out.shared(key + " sorted", [&] {
    const auto places = both(l, "Add", both(l, "Multiply", flat, count, "i64"), range(l, count), "i64");
    return top(l, places, count, 0, "min", "i64").indices;
  });
  sorting.inverse =
      out.shared(key + " sorted back", [&] { return top(l, sorting.order, count, 0, "min", "i64").indices; });
  sorting.counts =
      out.shared(key + " rows of each", [&] { return counts_of(l, l.unsqueeze(flat, {1}, "i64"), experts, 0); });
  return sorting;
}

/// [batch, rows, in] times the weight of one, with its bias.
IrValue product_of_one(IrLowering& l, IrValue x, int64_t index) {
  const auto& stack = l.weight(1);
  const auto product = ir_product(l, x, model::part_of(stack, index, name_of_part(stack.name, index)));
  if (!l.has_input(3)) return product;
  const auto& biases = l.weight(3);
  return l.add(product, ir_float_weight(l, model::part_of(biases, index, name_of_part(biases.name, index))));
}

/// [1, rows, in]: the row that each expert of each row multiplies, sorted by expert.
IrValue sorted_rows(IrLowering& l, const Sorting& sorting) {
  auto& out = l.out();
  const auto& rows = l.graph().value(l.node().inputs[0]).type.dims[0];
  const auto& routed = l.graph().value(l.node().inputs[2]).type.dims;
  auto places = sorting.order;
  if (rows == routed[0]) {
    places = out.add("Divide", "opset1", {places, out.whole(routed[1].constant())},
                     {{"auto_broadcast", "numpy"}, {"m_pythondiv", "true"}}, "i64");
  }
  return l.gather(l.reshape(l.input(0), {1, -1, l.features(0)}), places, 1);
}

void multiply_by_expert(IrLowering& l) {
  auto& out = l.out();
  const int64_t experts = l.weight(1).shape[0], features = l.weight(1).shape[1];
  const auto chosen = l.input(2);
  const Sorting sorting = sorted_by_expert(l, chosen, experts);
  const auto rows = out.add_several("VariadicSplit", "opset1", {sorted_rows(l, sorting), out.whole(1), sorting.counts},
                                    {}, std::vector<IrType>(static_cast<size_t>(experts), "f32"));
  Values products;
  for (const IrValue part : rows) products.push_back(product_of_one(l, part, static_cast<int64_t>(products.size())));
  const auto back = l.gather(l.concat(products, 1), sorting.inverse, 1);
  const auto shape = out.add("ShapeOf", "opset3", {chosen}, {{"output_type", "i64"}}, "i64");
  l.set_result(reshaped(l, back, l.concat({shape, out.ints({features})}, 0, "i64"), "f32"));
}

// Every head of every row has its own weight, so there is nothing to sort.
void multiply_by_head(IrLowering& l) {
  auto& out = l.out();
  const int64_t heads = l.weight(1).shape[0], features = l.weight(1).shape[1];
  const auto split =
      out.add_several("Split", "opset1", {l.input(0), out.whole(2)}, {{"num_splits", std::to_string(heads)}},
                      std::vector<IrType>(static_cast<size_t>(heads), "f32"));
  Values products;
  for (const IrValue part : split) {
    const auto rows = out.add("Squeeze", "opset1", {part, out.ints({2})});
    products.push_back(product_of_one(l, rows, static_cast<int64_t>(products.size())));
  }
  l.set_result(l.reshape(l.concat(products, 2), {0, 0, heads, features}));
}

}  // namespace

void ir_route_experts(IrLowering& l) {
  auto& out = l.out();
  const auto p = ops::read_route_parameters(l.node());
  auto scores = l.input(0);
  if (p.scores == ops::ExpertScores::softmax) scores = softmax(l, scores);
  if (p.scores == ops::ExpertScores::sigmoid) scores = out.add("Sigmoid", "opset1", {scores});
  auto choice = scores;
  if (l.has_input(1)) choice = l.add(choice, ir_float_weight(l, l.weight(1)));
  if (p.groups_used < p.groups) choice = within_best_groups(l, choice, p);
  const auto chosen = top(l, choice, out.whole(p.used), 2).indices;
  auto weights = out.add("GatherElements", "opset6", {scores, chosen}, {{"axis", "-1"}});
  if (p.scores == ops::ExpertScores::softmax_used) weights = softmax(l, weights);
  if (p.normalize) {
    const auto sum = both(l, "Maximum", reduced_sum(l, weights, -1, true), out.number(kSmallestSum), "f32");
    weights = l.divide(weights, sum);
  }
  if (p.scale != 1) weights = l.multiply(weights, out.number(p.scale));
  l.set_result(chosen);
  l.set_second_result(weights);
}

void ir_expert_linear(IrLowering& l) { l.is_known(2) ? multiply_by_expert(l) : multiply_by_head(l); }

void ir_combine_experts(IrLowering& l) {
  l.set_result(reduced_sum(l, l.multiply(l.input(0), l.unsqueeze(l.input(1), {3})), 2, false));
}

// Of no value: expert_linear knows what it means.
void ir_number_heads(IrLowering&) {}

void ir_slice_heads(IrLowering& l) {
  const int64_t heads = graph::int_attribute(l.node(), "heads"), begin = graph::int_attribute(l.node(), "begin");
  const auto split = l.reshape(l.input(0), {0, 0, heads, l.features(0) / heads});
  l.set_result(l.slice(split, 3, begin, begin + graph::int_attribute(l.node(), "count")));
}

void ir_join_heads(IrLowering& l) {
  const int64_t heads = graph::int_attribute(l.node(), "heads");
  int64_t width = l.features(0);
  auto joined = l.reshape(l.input(0), {0, 0, heads, width});
  if (l.has_input(1)) {
    joined = l.concat({joined, l.reshape(l.input(1), {0, 0, heads, l.features(1)})}, 3);
    width += l.features(1);
  }
  l.set_result(l.reshape(joined, {0, 0, heads * width}));
}

void ir_gate_rows(IrLowering& l) {
  l.set_result(l.multiply(l.input(0), l.out().add("Sigmoid", "opset1", {l.input(1)})));
}

}  // namespace adze::formats
