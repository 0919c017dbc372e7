// Experts, and heads with weights of their own. Rows of experts are [batch, sequence, used, F], those of heads
// [batch, sequence, heads, F].
//
// Each expert multiplies only the rows that were sent to it: rows are sorted by expert, split, multiplied, put together
// and sorted back.
#include <fmt/format.h>

#include <limits>

#include "formats/numbered_parts.h"
#include "formats/onnx_lowering/lowerings.h"
#include "model/derived_tensors.h"
#include "ops/route_experts/route_experts.h"

namespace adze::formats {
namespace {

constexpr int64_t kInt64 = static_cast<int64_t>(OnnxType::int64);
// What the sum of weights is at least; see ops/route_experts.
constexpr double kSmallestSum = 0x1p-14;

using Outputs = std::vector<std::string>;

/// Appends a node of the standard with several outputs.
Outputs add_several(OnnxLowering& l, const std::string& op, std::vector<std::string> inputs, size_t count,
                    std::vector<OnnxAttribute> attributes) {
  const std::string name = l.out().new_name(op);
  Outputs outputs;
  for (size_t i = 0; i < count; ++i) outputs.push_back(fmt::format("{}:{}", name, i));
  l.out().add_node({.name = name,
                    .op = op,
                    .domain = {},
                    .overload = {},
                    .inputs = std::move(inputs),
                    .outputs = outputs,
                    .attributes = std::move(attributes)});
  return outputs;
}

struct Largest {
  std::string values, indices;
};

/// The largest `count` (int64 [1]) along an axis, or the smallest, in order.
Largest top(OnnxLowering& l, const std::string& x, const std::string& count, int64_t axis, bool largest = true) {
  const auto made =
      add_several(l, "TopK", {x, count}, 2, {attribute("axis", axis), attribute("largest", int64_t{largest})});
  return {made[0], made[1]};
}

std::string reduced_sum(OnnxLowering& l, const std::string& x, int64_t axis, bool keep) {
  return l.out().add("ReduceSum", {x, l.out().ints({axis})}, {attribute("keepdims", int64_t{keep})});
}

std::string softmax(OnnxLowering& l, const std::string& x) {
  return l.out().add("Softmax", {x}, {attribute("axis", int64_t{-1})});
}

/// Scores of experts that the choice leaves out are the lowest numbers.
std::string within_best_groups(OnnxLowering& l, const std::string& choice, const ops::RouteParameters& p) {
  auto& out = l.out();
  const int64_t size = l.features(0) / p.groups;
  const auto groups = out.add("Reshape", {choice, out.ints({0, 0, p.groups, size})});
  const auto members = top(l, groups, out.ints({p.groups_by_best || size == 1 ? 1 : 2}), -1).values;
  const auto best = top(l, reduced_sum(l, members, 3, false), out.ints({p.groups_used}), -1).indices;
  const auto numbers = out.add("Range", {out.whole(0), out.whole(p.groups), out.whole(1)});
  const auto matches = out.add("Equal", {out.add("Unsqueeze", {best, out.ints({3})}), numbers});
  const auto counts = reduced_sum(l, out.add("Cast", {matches}, {attribute("to", kInt64)}), 2, false);
  const auto taken = out.add("Unsqueeze", {out.add("Greater", {counts, out.whole(0)}), out.ints({3})});
  const auto kept = out.add("Where", {taken, groups, out.number(std::numeric_limits<float>::lowest())});
  return out.add("Reshape", {kept, out.ints({0, 0, l.features(0)})});
}

/// Where rows go: int64 [rows], [experts].
struct Sorting {
  std::string order;    // of rows of experts, by expert
  std::string inverse;  // where each of them is then
  std::string counts;   // rows of each expert
};

// Rows of one expert stay in their order.
Sorting sorted_by_expert(OnnxLowering& l, const std::string& chosen, int64_t experts) {
  auto& out = l.out();
  Sorting sorting;
  const auto flat = out.shared(chosen + " in a row", [&] { return out.add("Reshape", {chosen, out.ints({-1})}); });
  const auto count = out.shared(chosen + " counted", [&] { return out.add("Shape", {flat}); });
  sorting.order = out.shared(chosen + " sorted", [&] {
    const auto rows = out.add("Squeeze", {count, out.ints({0})});
    const auto numbers = out.add("Range", {out.whole(0), rows, out.whole(1)});
    return top(l, out.add("Add", {out.add("Mul", {flat, rows}), numbers}), count, 0, false).indices;
  });
  sorting.inverse = out.shared(chosen + " sorted back", [&] { return top(l, sorting.order, count, 0, false).indices; });
  sorting.counts = out.shared(chosen + " rows of each", [&] {
    const auto numbers = out.add("Range", {out.whole(0), out.whole(experts), out.whole(1)});
    const auto matches = out.add("Equal", {out.add("Unsqueeze", {flat, out.ints({1})}), numbers});
    return reduced_sum(l, out.add("Cast", {matches}, {attribute("to", kInt64)}), 0, false);
  });
  return sorting;
}

/// [batch, rows, in] times the weight of one, with its bias.
std::string product_of_one(OnnxLowering& l, const std::string& x, int64_t index) {
  const auto& stack = l.weight(1);
  const auto product = lower_product(l, x, model::part_of(stack, index, name_of_part(stack.name, index)));
  if (!l.has_input(3)) return product;
  const auto& biases = l.weight(3);
  const auto bias = model::part_of(biases, index, name_of_part(biases.name, index));
  return l.out().add("Add", {product, add_float_weight(l.out(), bias)});
}

std::string products_of_all(OnnxLowering& l, const Outputs& rows) {
  std::vector<std::string> products;
  for (size_t i = 0; i < rows.size(); ++i) products.push_back(product_of_one(l, rows[i], static_cast<int64_t>(i)));
  return l.out().add("Concat", products, {attribute("axis", int64_t{1})});
}

/// [1, rows, in]: the row that each expert of each row multiplies, sorted by expert.
std::string sorted_rows(OnnxLowering& l, const Sorting& sorting) {
  auto& out = l.out();
  const auto& rows = l.graph().value(l.node().inputs[0]).type.dims[0];
  const auto& routed = l.graph().value(l.node().inputs[2]).type.dims;
  auto places = sorting.order;
  if (rows == routed[0]) places = out.add("Div", {places, out.whole(routed[1].constant())});
  const auto flat = out.add("Reshape", {l.input(0), out.ints({1, -1, l.features(0)})});
  return out.add("Gather", {flat, places}, {attribute("axis", int64_t{1})});
}

void multiply_by_expert(OnnxLowering& l) {
  auto& out = l.out();
  const int64_t experts = l.weight(1).shape[0], features = l.weight(1).shape[1];
  const auto chosen = l.input(2);
  const Sorting sorting = sorted_by_expert(l, chosen, experts);
  const auto rows = add_several(l, "Split", {sorted_rows(l, sorting), sorting.counts}, static_cast<size_t>(experts),
                                {attribute("axis", int64_t{1})});
  const auto back = out.add("Gather", {products_of_all(l, rows), sorting.inverse}, {attribute("axis", int64_t{1})});
  const auto shape =
      out.add("Concat", {out.add("Shape", {chosen}), out.ints({features})}, {attribute("axis", int64_t{0})});
  l.set_result(out.add("Reshape", {back, shape}));
}

// Every head of every row has its own weight, so there is nothing to sort.
void multiply_by_head(OnnxLowering& l) {
  auto& out = l.out();
  const int64_t heads = l.weight(1).shape[0], features = l.weight(1).shape[1];
  const auto split = add_several(l, "Split", {l.input(0)}, static_cast<size_t>(heads),
                                 {attribute("axis", int64_t{2}), attribute("num_outputs", heads)});
  std::vector<std::string> products;
  for (int64_t head = 0; head < heads; ++head) {
    const auto rows = out.add("Squeeze", {split[static_cast<size_t>(head)], out.ints({2})});
    products.push_back(product_of_one(l, rows, head));
  }
  const auto joined = out.add("Concat", products, {attribute("axis", int64_t{2})});
  l.set_result(out.add("Reshape", {joined, out.ints({0, 0, heads, features})}));
}

}  // namespace

void lower_route_experts(OnnxLowering& l) {
  auto& out = l.out();
  const auto p = ops::read_route_parameters(l.node());
  auto scores = l.input(0);
  if (p.scores == ops::ExpertScores::softmax) scores = softmax(l, scores);
  if (p.scores == ops::ExpertScores::sigmoid) scores = out.add("Sigmoid", {scores});
  auto choice = scores;
  if (l.has_input(1)) choice = out.add("Add", {choice, add_float_weight(out, l.weight(1))});
  if (p.groups_used < p.groups) choice = within_best_groups(l, choice, p);
  const auto chosen = top(l, choice, out.ints({p.used}), -1).indices;
  auto weights = out.add("GatherElements", {scores, chosen}, {attribute("axis", int64_t{-1})});
  if (p.scores == ops::ExpertScores::softmax_used) weights = softmax(l, weights);
  if (p.normalize) {
    weights = out.add("Div", {weights, out.add("Max", {reduced_sum(l, weights, -1, true), out.number(kSmallestSum)})});
  }
  if (p.scale != 1) weights = out.add("Mul", {weights, out.number(p.scale)});
  l.set_result(chosen);
  l.set_second_result(weights);
}

void lower_expert_linear(OnnxLowering& l) { l.is_known(2) ? multiply_by_expert(l) : multiply_by_head(l); }

void lower_combine_experts(OnnxLowering& l) {
  const auto weighted = l.out().add("Mul", {l.input(0), l.out().add("Unsqueeze", {l.input(1), l.out().ints({3})})});
  l.set_result(reduced_sum(l, weighted, 2, false));
}

// Of no value: expert_linear knows what it means.
void lower_number_heads(OnnxLowering&) {}

void lower_slice_heads(OnnxLowering& l) {
  auto& out = l.out();
  const int64_t heads = graph::int_attribute(l.node(), "heads"), begin = graph::int_attribute(l.node(), "begin");
  const int64_t end = begin + graph::int_attribute(l.node(), "count");
  const auto split = out.add("Reshape", {l.input(0), out.ints({0, 0, heads, l.features(0) / heads})});
  l.set_result(out.add("Slice", {split, out.ints({begin}), out.ints({end}), out.ints({3})}));
}

void lower_join_heads(OnnxLowering& l) {
  auto& out = l.out();
  const int64_t heads = graph::int_attribute(l.node(), "heads");
  int64_t width = l.features(0);
  auto joined = out.add("Reshape", {l.input(0), out.ints({0, 0, heads, width})});
  if (l.has_input(1)) {
    const auto more = out.add("Reshape", {l.input(1), out.ints({0, 0, heads, l.features(1)})});
    joined = out.add("Concat", {joined, more}, {attribute("axis", int64_t{3})});
    width += l.features(1);
  }
  l.set_result(out.add("Reshape", {joined, out.ints({0, 0, heads * width})}));
}

void lower_gate_rows(OnnxLowering& l) {
  l.set_result(l.out().add("Mul", {l.input(0), l.out().add("Sigmoid", {l.input(1)})}));
}

}  // namespace adze::formats
