// lint: foreign names: OpenVINO, ONNX
// Places: where the largest numbers stand, where a condition holds, at an index, above a diagonal.
#include <fmt/format.h>

#include <algorithm>

#include "codecs/codec.h"
#include "formats/openvino/standard_to_ir.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {
namespace {

/// The largest along an axis, the first of several: [their numbers, their places].
std::vector<IrValue> first_largest(GraphToIr& g, IrValue x, int64_t axis, std::string_view mode) {
  return g.out().add_several("TopK", "opset11", {x, g.out().whole(1)},
                             {{"axis", std::to_string(axis)},
                              {"mode", std::string(mode)},
                              {"sort", "value"},
                              {"index_element_type", "i64"},
                              {"stable", "true"}},
                             {"f32", "i64"});
}

/// Whether column - row is at least (or at most) a number, over the last two axes of a shape.
IrValue against_diagonal(GraphToIr& g, std::string_view comparison, IrValue rows, IrValue columns, IrValue shift) {
  const IrValue row = g.unsqueeze(g.count_to(rows), 1, "i64");
  return g.both(comparison, g.count_to(columns), g.both("Add", row, shift, "i64"), "boolean");
}

}  // namespace

IrValue one_of(GraphToIr& g, size_t input, IrType element) {
  const auto& type = g.type(input);
  if (type.rank_known && type.dims.empty()) return g.input(input);
  return g.out().add("Reshape", "opset1", {g.input(input), g.out().ints({})}, {{"special_zero", "false"}}, element);
}

// The last of several is the first from behind.
void ir_put_arg(GraphToIr& g, Row row) {
  const int64_t axis = g.integer("axis", 0);
  const bool last = g.flag("select_last_index");
  const IrValue x = last ? g.slice(g.input(0), axis, -1, INT64_MIN, -1, "f32") : g.input(0);
  IrValue place = first_largest(g, x, axis, row.layer)[1];
  if (last) {
    const IrValue end = g.both("Subtract", g.length(g.input(0), axis), g.out().whole(1), "i64");
    place = g.both("Subtract", end, place, "i64");
  }
  g.give(g.flag("keepdims", true) ? place : g.squeeze(place, axis, "i64"));
}

void ir_put_top_k(GraphToIr& g, Row row) {
  const auto found = g.out().add_several(row.layer, row.opset, {g.input(0), g.squeeze(g.input(1), 0, "i64")},
                                         {{"axis", std::to_string(g.integer("axis", -1))},
                                          {"mode", g.flag("largest", true) ? "max" : "min"},
                                          {"sort", "value"},
                                          {"index_element_type", "i64"},
                                          {"stable", "true"}},
                                         {g.output_type(), "i64"});
  g.give(0, found[0]);
  g.give(1, found[1]);
}

void ir_put_hardmax(GraphToIr& g, Row row) {
  give_along_axis(g, [&](IrValue x, int64_t axis) {
    const IrValue place = g.squeeze(first_largest(g, x, axis, "max")[1], axis, "i64");
    return g.out().add(row.layer, row.opset,
                       {place, g.length(x, axis), g.scalar(1, g.storage(0)), g.scalar(0, g.storage(0))},
                       {{"axis", std::to_string(axis)}}, g.output_type());
  });
}

void ir_put_non_zero(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, {g.input(0)}, {{"output_type", "i64"}}, "i64"));
}

// Of all numbers in their order where no axis is given.
void ir_put_compress(GraphToIr& g, Row row) {
  const bool has_axis = g.node().attributes.contains("axis");
  const IrValue places = g.out().add(row.layer, row.opset, {g.input(1)}, {{"output_type", "i64"}}, "i64");
  const IrValue x = has_axis ? g.input(0) : g.reshape(g.input(0), {-1});
  g.give(g.gather(x, g.squeeze(places, 0, "i64"), g.integer("axis", 0)));
}

void ir_put_unique(GraphToIr& g, Row row) {
  std::vector<IrValue> inputs{g.input(0)};
  if (g.node().attributes.contains("axis")) inputs.push_back(g.out().whole(g.integer("axis", 0)));
  const auto found = g.out().add_several(row.layer, row.opset, inputs,
                                         {{"sorted", g.flag("sorted", true) ? "true" : "false"},
                                          {"index_element_type", "i64"},
                                          {"count_element_type", "i64"}},
                                         {g.output_type(), "i64", "i64", "i64"});
  for (size_t i = 0; i < found.size(); ++i) g.give(i, found[i]);
}

// Values stand together: elsewhere, then at the index, which counts from the end where it is negative.
void ir_put_one_hot(GraphToIr& g, Row row) {
  auto& out = g.out();
  const auto value = [&](int64_t which) { return g.gather(g.input(2), out.whole(which), 0); };
  const IrValue depth = g.convert(one_of(g, 1, "i64"), &codecs::i64.info);
  const IrValue indices = g.convert(g.input(0), &codecs::i64.info);
  const IrValue from_end = g.both("Add", indices, depth, "i64");
  const IrValue is_negative = g.both("Less", indices, out.whole(0), "boolean");
  const IrValue places =
      out.add("Select", "opset1", {is_negative, from_end, indices}, {{"auto_broadcast", "numpy"}}, "i64");
  g.give(out.add(row.layer, row.opset, {places, depth, value(1), value(0)},
                 {{"axis", std::to_string(g.integer("axis", -1))}}, g.output_type()));
}

void ir_put_trilu(GraphToIr& g, Row) {
  const IrValue x = g.input(0), shift = g.has(1) ? one_of(g, 1, "i64") : g.out().whole(0);
  const std::string_view comparison = g.flag("upper", true) ? "GreaterEqual" : "LessEqual";
  const IrValue stays = against_diagonal(g, comparison, g.length(x, -2), g.length(x, -1), shift);
  if (g.storage(0) == &codecs::boolean.info) return g.give(g.both("LogicalAnd", stays, x, "boolean"));
  g.give(g.select(stays, x, g.scalar(0, g.storage(0))));
}

void ir_put_eye_like(GraphToIr& g, Row) {
  const IrValue x = g.input(0), shift = g.out().whole(g.integer("k", 0));
  const IrValue is_one = against_diagonal(g, "Equal", g.length(x, 0), g.length(x, 1), shift);
  g.give(g.convert(is_one, g.type_of_output(0).storage));
}

// Boxes, scores, how many of a class, how much they may overlap, the least score.
void ir_put_non_max_suppression(GraphToIr& g, Row row) {
  auto& out = g.out();
  const auto given = [&](size_t input, IrType type, IrValue fallback) {
    return g.has(input) ? one_of(g, input, type) : fallback;
  };
  const auto found = out.add_several(row.layer, row.opset,
                                     {g.input(0), g.input(1), given(2, "i64", out.whole(0)),
                                      given(3, "f32", out.number(0)), given(4, "f32", out.number(-3.4028235e38))},
                                     {{"box_encoding", g.flag("center_point_box") ? "center" : "corner"},
                                      {"sort_result_descending", "false"},
                                      {"output_type", "i64"}},
                                     {"i64", "f32", "i64"});
  // As many rows as were found: some implementations fill up to the most there could be.
  const IrValue end = out.add("Reshape", "opset1", {found[2], out.ints({1})}, {{"special_zero", "false"}}, "i64");
  g.give(out.add("Slice", "opset8", {found[0], out.ints({0}), end, out.ints({1}), out.ints({0})}, {}, "i64"));
}

void ir_put_reverse_sequence(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, g.inputs(),
                     {{"batch_axis", std::to_string(g.integer("batch_axis", 1))},
                      {"seq_axis", std::to_string(g.integer("time_axis", 0))}},
                     g.output_type()));
}

}  // namespace adze::formats
