// lint: foreign names: OpenVINO, ONNX
// Shapes: read, given, cut, joined; numbers chosen by indices.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "codecs/codec.h"
#include "formats/openvino/standard_to_ir.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {
namespace {

using Ints = std::vector<int64_t>;

IrValue to_shape(GraphToIr& g, IrValue x, IrValue shape, IrType type) {
  return g.out().add("Reshape", "opset1", {x, shape}, {{"special_zero", "false"}}, type);
}

std::string reduction_of(GraphToIr& g) {
  const std::string word = g.word("reduction", "none");
  return word == "add" ? "sum" : (word == "mul" ? "prod" : word);
}

/// Of parts of which the last is shorter; none where all are alike, or the length is not known.
Ints uneven_lengths(GraphToIr& g) {
  const auto& type = g.type(0);
  if (!type.rank_known) return {};
  const graph::Dim& dim = type.dims[ops::checked_axis(g.integer("axis", 0), type.dims.size())];
  const auto count = static_cast<int64_t>(g.output_count());
  if (!dim.is_constant() || dim.constant() % count == 0) return {};
  const int64_t each = (dim.constant() + count - 1) / count, last = dim.constant() - each * (count - 1);
  if (last < 0) g.refuse("more parts than there are numbers");
  Ints lengths(static_cast<size_t>(count), each);
  lengths.back() = last;
  return lengths;
}

/// From the other side: place i of an axis is place i - before of the repeated numbers.
void put_wrapped(GraphToIr& g, const Ints& before, const Ints& after) {
  auto& out = g.out();
  IrValue x = g.input(0);
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i] == 0 && after[i] == 0) continue;
    const auto axis = static_cast<int64_t>(i);
    const IrValue length = g.length(x, axis);
    const IrValue places = g.count_to(g.both("Add", length, out.whole(before[i] + after[i]), "i64"));
    const IrValue moved = g.both("Subtract", places, out.whole(before[i]), "i64");
    x = g.gather(x, g.both("FloorMod", moved, length, "i64"), axis);
  }
  g.give(x);
}

void put_pads(GraphToIr& g, Row row, IrValue before, IrValue after) {
  const std::string mode = g.word("mode", "constant");
  std::vector<IrValue> inputs{g.input(0), before, after};
  if (mode == "constant")
    inputs.push_back(g.has(2) ? to_shape(g, g.input(2), g.out().ints({}), g.output_type()) : g.scalar(0, g.storage(0)));
  g.give(g.out().add(row.layer, row.opset, inputs, {{"pad_mode", mode}}, g.output_type()));
}

/// What is computed stands for all axes: first before them, then behind.
void put_computed_pads(GraphToIr& g, Row row) {
  if (g.has(3)) g.refuse("pads of some axes that are computed");
  if (g.word("mode", "constant") == "wrap") g.refuse("computed pads from the other side");
  const auto halves =
      g.out().add_several("Split", "opset1", {g.input(1), g.out().whole(0)}, {{"num_splits", "2"}}, {"i64", "i64"});
  put_pads(g, row, halves[0], halves[1]);
}

}  // namespace

void ir_put_shape(GraphToIr& g, Row) {
  const IrValue shape = g.shape(g.input(0));
  const bool whole = !g.node().attributes.contains("start") && !g.node().attributes.contains("end");
  g.give(whole ? shape : g.slice(shape, 0, g.integer("start", 0), g.integer("end", INT64_MAX), 1, "i64"));
}

void ir_put_size(GraphToIr& g, Row row) {
  g.give(g.reduce(row.layer, g.shape(g.input(0)), g.out().ints({0}), false, "i64"));
}

void ir_put_reshape(GraphToIr& g, Row row) {
  const bool keeps = g.integer("allowzero", 0) == 0;
  g.give(g.out().add(row.layer, row.opset, {g.input(0), g.input(1)}, {{"special_zero", keeps ? "true" : "false"}},
                     g.output_type()));
}

IrValue flattened(GraphToIr& g, int64_t axis) {
  auto& out = g.out();
  const IrValue x = g.input(0);
  const int64_t at = axis < 0 ? axis + g.rank(0) : axis;
  if (at < 0 || (g.type(0).rank_known && at > g.rank(0))) g.refuse("an axis that does not exist");
  if (at < 2) return g.reshape(x, {at == 1 ? 0 : 1, -1});
  const IrValue before = g.slice(g.shape(x), 0, 0, at, 1, "i64");
  const IrValue rows = g.reduce("ReduceProd", before, out.ints({0}), true, "i64");
  const IrValue dims = out.add("Concat", "opset1", {rows, out.ints({-1})}, {{"axis", "0"}}, "i64");
  return to_shape(g, x, dims, g.output_type());
}

void ir_put_flatten(GraphToIr& g, Row) { g.give(flattened(g, g.integer("axis", 1))); }

void ir_put_squeeze(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, g.inputs(), {}, g.output_type()));
}

void ir_put_transpose(GraphToIr& g, Row) {
  Ints order = g.list("perm");
  if (order.empty()) {
    order.resize(static_cast<size_t>(g.rank(0)));
    std::iota(order.rbegin(), order.rend(), 0);
  }
  if (order.empty()) return g.give(g.input(0));
  g.give(g.transpose(g.input(0), order));
}

void ir_put_concat(GraphToIr& g, Row row) {
  g.give(
      g.out().add(row.layer, row.opset, g.inputs(), {{"axis", std::to_string(g.integer("axis", 0))}}, g.output_type()));
}

void ir_put_split(GraphToIr& g, Row) {
  auto& out = g.out();
  const std::vector<IrType> types(g.output_count(), g.output_type());
  const IrValue axis = out.whole(g.integer("axis", 0));
  const Ints lengths = g.has(1) ? Ints() : uneven_lengths(g);
  std::vector<IrValue> parts;
  if (g.has(1) || !lengths.empty()) {
    const IrValue given = g.has(1) ? g.input(1) : out.ints(lengths);
    parts = out.add_several("VariadicSplit", "opset1", {g.input(0), axis, given}, {}, types);
  } else {
    parts =
        out.add_several("Split", "opset1", {g.input(0), axis}, {{"num_splits", std::to_string(types.size())}}, types);
  }
  for (size_t i = 0; i < parts.size(); ++i) g.give(i, parts[i]);
}

// Steps come before axes; for as many as there are beginnings.
void ir_put_slice(GraphToIr& g, Row row) {
  auto& out = g.out();
  const auto begins = g.integers(1);
  const auto known = begins ? std::optional(begins->size()) : ops::count_of_vector(g.type(1));
  const auto steps = [&] {
    if (known) return out.ints(Ints(*known, 1));
    return out.add("Broadcast", "opset3", {out.whole(1), g.shape(g.input(1))}, {{"mode", "numpy"}}, "i64");
  };
  const auto axes = [&] {
    if (!known) return g.count_to(g.length(g.input(1), 0));
    Ints all(*known);
    std::iota(all.begin(), all.end(), 0);
    return out.ints(all);
  };
  g.give(out.add(row.layer, row.opset,
                 {g.input(0), g.input(1), g.input(2), g.has(4) ? g.input(4) : steps(), g.has(3) ? g.input(3) : axes()},
                 {}, g.output_type()));
}

void ir_put_pad(GraphToIr& g, Row row) {
  const auto pads = g.integers(1);
  if (!pads) return put_computed_pads(g, row);
  // Without axes there are pads for all.
  Ints before(g.has(3) ? static_cast<size_t>(g.rank(0)) : pads->size() / 2, 0), after = before;
  Ints axes(pads->size() / 2);
  std::iota(axes.begin(), axes.end(), 0);
  if (g.has(3)) {
    const auto given = g.integers(3);
    if (!given) g.refuse("axes that are computed");
    axes = *given;
  }
  if (2 * axes.size() != pads->size()) g.refuse("pads that do not fit its axes");
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = ops::checked_axis(axes[i], before.size());
    before[axis] = (*pads)[i];
    after[axis] = (*pads)[i + axes.size()];
  }
  if (g.word("mode", "constant") == "wrap") return put_wrapped(g, before, after);
  put_pads(g, row, g.out().ints(before), g.out().ints(after));
}

// Computed repeats are spelled out, [d] as [1, d] repeated to [r, d]: OpenVINO 2026.4 gives numbers that are none
// where Tile's are no constants.
void ir_put_tile(GraphToIr& g, Row row) {
  if (g.integers(1)) return g.give(g.out().add(row.layer, row.opset, g.inputs(), {}, g.output_type()));
  auto& out = g.out();
  const auto rank = g.rank(0);
  const auto pairs = [&](IrValue first, IrValue second) {
    const std::vector<IrValue> columns{g.unsqueeze(first, 1, "i64"), g.unsqueeze(second, 1, "i64")};
    return to_shape(g, out.add("Concat", "opset1", columns, {{"axis", "1"}}, "i64"), out.ints({2 * rank}), "i64");
  };
  const IrValue dims = g.shape(g.input(0)), repeats = g.input(1);
  const IrValue apart =
      to_shape(g, g.input(0), pairs(out.ints(Ints(static_cast<size_t>(rank), 1)), dims), g.output_type());
  const IrValue repeated =
      out.add("Broadcast", "opset3", {apart, pairs(repeats, dims)}, {{"mode", "numpy"}}, g.output_type());
  g.give(to_shape(g, repeated, g.both("Multiply", repeats, dims, "i64"), g.output_type()));
}

// Broadcast takes no shape that is empty.
void ir_put_expand(GraphToIr& g, Row row) {
  if (g.integers(1) == Ints()) return g.give(g.input(0));
  g.give(g.out().add(row.layer, row.opset, g.inputs(), {{"mode", "bidirectional"}}, g.output_type()));
}

void ir_put_constant_of_shape(GraphToIr& g, Row row) {
  const IrValue value = g.has(1) ? g.reshape(g.input(1), {}) : g.out().number(0);
  if (g.integers(0) == Ints()) return g.give(value);
  g.give(g.out().add(row.layer, row.opset, {value, g.input(0)}, {{"mode", "numpy"}}, g.output_type()));
}

void ir_put_range(GraphToIr& g, Row row) {
  g.give(
      g.out().add(row.layer, row.opset, g.inputs(), {{"output_type", std::string(g.output_type())}}, g.output_type()));
}

void ir_put_gather(GraphToIr& g, Row) { g.give(g.gather(g.input(0), g.input(1), g.integer("axis", 0))); }

void ir_put_gather_elements(GraphToIr& g, Row row) {
  g.give(
      g.out().add(row.layer, row.opset, g.inputs(), {{"axis", std::to_string(g.integer("axis", 0))}}, g.output_type()));
}

void ir_put_gather_nd(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, g.inputs(), {{"batch_dims", std::to_string(g.integer("batch_dims", 0))}},
                     g.output_type()));
}

void ir_put_scatter_elements(GraphToIr& g, Row row) {
  auto& out = g.out();
  g.give(out.add(row.layer, row.opset, {g.input(0), g.input(1), g.input(2), out.whole(g.integer("axis", 0))},
                 {{"reduction", reduction_of(g)}, {"use_init_val", "true"}}, g.output_type()));
}

void ir_put_scatter_nd(GraphToIr& g, Row row) {
  const std::string reduction = reduction_of(g);
  if (reduction == "none") return g.give(g.out().add(row.layer, row.opset, g.inputs(), {}, g.output_type()));
  g.give(g.out().add(row.layer, "opset15", g.inputs(), {{"reduction", reduction}}, g.output_type()));
}

void ir_put_depth_to_space(GraphToIr& g, Row row) {
  const bool blocks_first = g.word("mode", "DCR") == "DCR";
  g.give(g.out().add(row.layer, row.opset, {g.input(0)},
                     {{"mode", blocks_first ? "blocks_first" : "depth_first"},
                      {"block_size", std::to_string(g.integer("blocksize", 1))}},
                     g.output_type()));
}

void ir_put_space_to_depth(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, {g.input(0)},
                     {{"mode", "blocks_first"}, {"block_size", std::to_string(g.integer("blocksize", 1))}},
                     g.output_type()));
}

}  // namespace adze::formats
