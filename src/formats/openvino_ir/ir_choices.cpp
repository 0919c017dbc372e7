// lint: foreign names: OpenVINO, ONNX
// Numbers chosen, put and found by their indices.
#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/openvino_ir/ir_families.h"

namespace adze::formats {
namespace {

using graph::ValueId;
using Ints = std::vector<int64_t>;

/// "sum" -> "add" … Error(unsupported) for those that the standard does not have.
std::string reduction_of(IrStep& s) {
  const std::string word = s.word("reduction", "none");
  if (word == "none" || word == "min" || word == "max") return word;
  if (word == "sum") return "add";
  if (word == "prod") return "mul";
  s.refuse("numbers are put by the rule \"" + word + "\"");
}

ValueId wide(IrStep& s, size_t input) { return s.nodes().cast(s.input(input), &codecs::i64.info); }

/// Axis `from` moved to place `to`, as an order for Transpose.
Ints moved_axis(int64_t rank, int64_t from, int64_t to) {
  Ints order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  order.erase(order.begin() + from);
  order.insert(order.begin() + to, from);
  return order;
}

int64_t axis_of(IrStep& s, size_t input, int64_t rank) {
  return static_cast<int64_t>(ops::checked_axis(s.constant_integer(input), static_cast<size_t>(rank)));
}

/// [batch…, indices…, rest…] of x with its axis moved behind the batches -> where the indices belong.
void give_batched_gather(IrStep& s, int64_t batches) {
  auto& n = s.nodes();
  const int64_t rank = s.rank(0), indices = s.rank(1) - batches, axis = axis_of(s, 2, rank);
  if (batches > axis || indices < 0) fail(ErrorCode::bad_input, "{} batch dimensions before axis {}", batches, axis);
  const ValueId x = axis == batches ? s.input(0) : n.transpose(s.input(0), moved_axis(rank, axis, batches));
  const ValueId chosen = n.add("GatherND", {x, n.unsqueeze(wide(s, 1), {-1})}, {{"batch_dims", batches}});
  if (axis == batches) return s.give(chosen);
  Ints order(static_cast<size_t>(rank - 1 + indices));
  std::iota(order.begin(), order.end(), 0);
  std::rotate(order.begin() + batches, order.begin() + batches + indices, order.begin() + axis + indices);
  s.give(n.transpose(chosen, order));
}

}  // namespace

void ir_gather(IrStep& s, IrName op) {
  const int64_t batches = s.integer("batch_dims", 0);
  const int64_t counted = batches < 0 ? batches + s.rank(1) : batches;
  if (counted != 0) return give_batched_gather(s, counted);
  auto& n = s.nodes();
  s.give(n.add(op, {s.input(0), s.input(1)}, {{"axis", s.constant_integer(2)}}));
}

void ir_gather_elements(IrStep& s, IrName op) {
  s.give(s.nodes().add(op, {s.input(0), s.input(1)}, {{"axis", s.integer("axis", 0)}}));
}

void ir_gather_nd(IrStep& s, IrName op) {
  const int64_t batches = s.integer("batch_dims", 0);
  if (batches > 1 && s.opset() < 8) s.refuse("batch dimensions that become one");
  s.give(s.nodes().add(op, {s.input(0), wide(s, 1)}, {{"batch_dims", batches}}));
}

// Slices of one axis are replaced.
void ir_scatter_update(IrStep& s, IrName op) {
  auto& n = s.nodes();
  const ValueId indices = n.unsqueeze(wide(s, 1), {-1});
  const int64_t axis = n.integers(s.input(3)) == Ints{0} ? 0 : axis_of(s, 3, s.rank(0));
  if (axis == 0) return s.give(n.add(op, {s.input(0), indices, s.input(2)}));
  const int64_t rank = s.rank(0), many = s.rank(1);
  const ValueId x = n.transpose(s.input(0), moved_axis(rank, axis, 0));
  // The updates' axes of the indices lie from `axis` on.
  Ints order(static_cast<size_t>(rank - 1 + many));
  std::iota(order.begin(), order.end(), 0);
  std::rotate(order.begin(), order.begin() + axis, order.begin() + axis + many);
  const ValueId put = n.add(op, {x, indices, n.transpose(s.input(2), order)});
  s.give(n.transpose(put, moved_axis(rank, 0, axis)));
}

void ir_scatter_elements(IrStep& s, IrName op) {
  const std::string reduction = reduction_of(s);
  if (reduction != "none" && !s.flag("use_init_val", true)) s.refuse("what was there does not count");
  const int64_t axis = s.constant_integer(3);
  s.give(s.nodes().add(op, {s.input(0), wide(s, 1), s.input(2)}, {{"axis", axis}, {"reduction", reduction}}));
}

void ir_scatter_nd(IrStep& s, IrName op) {
  auto& n = s.nodes();
  const bool negative = s.word("reduction", "none") == "sub";
  const ValueId updates = negative ? n.add("Neg", {s.input(2)}) : s.input(2);
  const std::string reduction = negative ? "add" : reduction_of(s);
  s.give(n.add(op, {s.input(0), wide(s, 1), updates}, {{"reduction", reduction}}));
}

// Inputs: indices, depth, what stands at the index, what stands elsewhere. An index outside stands nowhere.
void ir_one_hot(IrStep& s, IrName op) {
  auto& n = s.nodes();
  const auto one = [&](size_t input) { return n.reshape(s.input(input), {1}); };
  const ValueId depth = wide(s, 1), indices = wide(s, 0);
  ValueId bounded = indices;
  if (s.word("negative_indices_mode", "ignore_negative") == "ignore_negative") {
    bounded = n.add("Where", {n.add("Less", {indices, n.whole(0)}), depth, indices});
  }
  s.give(n.add(op, {bounded, depth, n.concat({one(3), one(2)}, 0)}, {{"axis", s.integer("axis", -1)}}));
}

void ir_top_k(IrStep& s, IrName op) {
  auto& n = s.nodes();
  if (s.word("sort", "value") == "index") s.refuse("the largest are ordered by their indices");
  const auto found = n.add_several(
      op, {s.input(0), n.reshape(wide(s, 1), {1})},
      {{"axis", s.integer("axis", -1)}, {"largest", int64_t{s.word("mode", "max") == "max"}}, {"sorted", int64_t{1}}},
      2);
  s.give(0, found[0]);
  s.give(1, n.cast(found[1], s.type("index_element_type", "i32")));
}

void ir_non_zero(IrStep& s, IrName op) {
  s.give(s.nodes().cast(s.nodes().add(op, {s.input(0)}), s.type("output_type", "i64")));
}

void ir_unique(IrStep& s, IrName op) {
  auto& n = s.nodes();
  graph::Attributes attributes{{"sorted", int64_t{s.flag("sorted", true)}}};
  if (s.has(1)) attributes["axis"] = s.constant_integer(1);
  const auto found = n.add_several(op, {s.input(0)}, attributes, 4);
  const StorageType place = s.type("index_element_type", "i64"), count = s.type("count_element_type", "i64");
  s.give(0, found[0]);
  for (size_t i = 1; i < found.size(); ++i) s.give(i, n.cast(found[i], i == 3 ? count : place));
}

// The number of boundaries that lie below a number, or at it.
void ir_bucketize(IrStep& s, IrName) {
  auto& n = s.nodes();
  const bool at_right = s.flag("with_right_bound", true);
  const ValueId x = n.unsqueeze(n.cast(s.input(0), &codecs::f64.info), {-1});
  const ValueId bounds = n.cast(s.input(1), &codecs::f64.info);
  const ValueId is_behind = n.add(at_right ? "Greater" : "GreaterOrEqual", {x, bounds});
  const ValueId count =
      n.add("ReduceSum", {n.cast(is_behind, &codecs::i64.info), n.ints({-1})}, {{"keepdims", int64_t{0}}});
  s.give(n.cast(count, s.type("output_type", "i64")));
}

// Inputs: boxes, scores, how many of a class, thresholds of overlap and score. Outputs: (batch, class, box), their
// scores likewise, how many.
void ir_non_max_suppression(IrStep& s, IrName op) {
  auto& n = s.nodes();
  if (s.has(5) && n.one_number(s.input(5)) != 0.0) s.refuse("scores that overlaps lower (soft suppression)");
  const StorageType type = s.known_storage(1);
  const auto scalar = [&](size_t input, double fallback, StorageType as) {
    return s.has(input) ? n.cast(s.input(input), as) : n.number(fallback, as);
  };
  StandardNodes::Values inputs{s.input(0), s.input(1), scalar(2, 0, &codecs::i64.info), scalar(3, 0, &codecs::f32.info),
                               scalar(4, 0, &codecs::f32.info)};
  const bool center = s.word("box_encoding", "corner") == "center";
  ValueId chosen = n.add(op, inputs, {{"center_point_box", int64_t{center}}});
  ValueId scores = n.add("GatherND", {s.input(1), chosen});
  const ValueId count = n.add("Size", {scores});
  if (s.flag("sort_result_descending", true)) {
    const auto sorted = n.add_several("TopK", {scores, n.reshape(count, {1})}, {{"axis", int64_t{0}}}, 2);
    chosen = n.add("Gather", {chosen, sorted[1]});
    scores = sorted[0];
  }
  const ValueId places = n.cast(n.slice(chosen, 1, 0, 2), type);
  s.give(0, n.cast(chosen, s.type("output_type", "i64")));
  s.give(1, n.concat({places, n.unsqueeze(scores, {-1})}, 1));
  s.give(2, n.reshape(n.cast(count, s.type("output_type", "i64")), {1}));
}

void ir_cum_sum(IrStep& s, IrName op) {
  s.give(s.nodes().add(
      op, {s.input(0), wide(s, 1)},
      {{"exclusive", int64_t{s.flag("exclusive", false)}}, {"reverse", int64_t{s.flag("reverse", false)}}}));
}

}  // namespace adze::formats
