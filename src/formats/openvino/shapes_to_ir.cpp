// lint: foreign names: OpenVINO, ONNX
// Shapes: read, given, cut, joined; numbers chosen by indices.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "codecs/codec.h"
#include "formats/openvino/standard_to_ir.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {
namespace {

using Ints = std::vector<int64_t>;

/// One number out of a list of one.
IrValue one_of(GraphToIr& g, IrValue list) {
  return g.out().add("Squeeze", "opset1", {list, g.out().ints({0})}, {}, "i64");
}

std::string reduction_of(GraphToIr& g) {
  const std::string word = g.word("reduction", "none");
  return word == "add" ? "sum" : (word == "mul" ? "prod" : word);
}

}  // namespace

void ir_put_shape(GraphToIr& g, Row row) {
  auto& out = g.out();
  const IrValue shape = out.add(row.layer, row.opset, {g.input(0)}, {{"output_type", "i64"}}, "i64");
  const bool whole = !g.node().attributes.contains("start") && !g.node().attributes.contains("end");
  if (whole) return g.give(shape);
  const IrValue one = out.ints({1});
  g.give(out.add("Slice", "opset8",
                 {shape, out.ints({g.integer("start", 0)}), out.ints({g.integer("end", INT64_MAX)}), one}, {}, "i64"));
}

void ir_put_reshape(GraphToIr& g, Row row) {
  const bool keeps = g.integer("allowzero", 0) == 0;
  g.give(g.out().add(row.layer, row.opset, {g.input(0), g.input(1)}, {{"special_zero", keeps ? "true" : "false"}},
                     g.output_type()));
}

void ir_put_flatten(GraphToIr& g, Row) {
  const int64_t axis = g.integer("axis", 1);
  if (axis == 1) return g.give(g.reshape(g.input(0), {0, -1}));
  if (axis == 0) return g.give(g.reshape(g.input(0), {1, -1}));
  const Ints dims = g.dims(0);
  const auto at = static_cast<std::ptrdiff_t>(axis < 0 ? axis + static_cast<int64_t>(dims.size()) : axis);
  if (at < 0 || at > static_cast<std::ptrdiff_t>(dims.size())) g.refuse("an axis that does not exist");
  const int64_t rows = std::accumulate(dims.begin(), dims.begin() + at, int64_t{1}, std::multiplies());
  g.give(g.reshape(g.input(0), {rows, -1}));
}

void ir_put_squeeze(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, g.inputs(), {}, g.output_type()));
}

void ir_put_transpose(GraphToIr& g, Row) {
  Ints order = g.list("perm");
  if (order.empty()) {
    order.resize(static_cast<size_t>(g.rank(0)));
    std::iota(order.rbegin(), order.rend(), 0);
  }
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
  std::vector<IrValue> parts;
  if (g.has(1)) {
    parts = out.add_several("VariadicSplit", "opset1", {g.input(0), axis, g.input(1)}, {}, types);
  } else {
    const auto dims = g.dims(0);
    const auto length = dims[ops::checked_axis(g.integer("axis", 0), dims.size())];
    if (length % static_cast<int64_t>(types.size()) != 0) g.refuse("parts of different lengths");
    parts =
        out.add_several("Split", "opset1", {g.input(0), axis}, {{"num_splits", std::to_string(types.size())}}, types);
  }
  for (size_t i = 0; i < parts.size(); ++i) g.give(i, parts[i]);
}

// Steps come before axes.
void ir_put_slice(GraphToIr& g, Row row) {
  auto& out = g.out();
  int64_t count = 0;
  if (const auto begins = g.integers(1)) {
    count = static_cast<int64_t>(begins->size());
  } else {
    count = g.dims(1).at(0);
  }
  const IrValue steps = g.has(4) ? g.input(4) : out.ints(Ints(static_cast<size_t>(count), 1));
  Ints all(static_cast<size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  const IrValue axes = g.has(3) ? g.input(3) : out.ints(all);
  g.give(out.add(row.layer, row.opset, {g.input(0), g.input(1), g.input(2), steps, axes}, {}, g.output_type()));
}

void ir_put_pad(GraphToIr& g, Row row) {
  auto& out = g.out();
  const auto pads = g.integers(1);
  if (!pads) g.refuse("pads that are computed");
  // Without axes there are pads for all.
  Ints before(g.has(3) ? static_cast<size_t>(g.rank(0)) : pads->size() / 2, 0), after = before;
  Ints axes(pads->size() / 2);
  std::iota(axes.begin(), axes.end(), 0);
  if (g.has(3)) {
    const auto given = g.integers(3);
    if (!given) g.refuse("axes that are computed");
    axes = *given;
  }
  for (size_t i = 0; i < axes.size() && 2 * axes.size() == pads->size(); ++i) {
    const size_t axis = ops::checked_axis(axes[i], before.size());
    before[axis] = (*pads)[i];
    after[axis] = (*pads)[i + axes.size()];
  }
  const std::string mode = g.word("mode", "constant");
  if (mode == "wrap") g.refuse("pads from the other side");
  std::vector<IrValue> inputs{g.input(0), out.ints(before), out.ints(after)};
  if (mode == "constant") inputs.push_back(g.has(2) ? g.input(2) : g.scalar(0, g.storage(0)));
  g.give(out.add(row.layer, row.opset, inputs, {{"pad_mode", mode}}, g.output_type()));
}

void ir_put_tile(GraphToIr& g, Row row) { g.give(g.out().add(row.layer, row.opset, g.inputs(), {}, g.output_type())); }

void ir_put_expand(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, g.inputs(), {{"mode", "bidirectional"}}, g.output_type()));
}

void ir_put_constant_of_shape(GraphToIr& g, Row row) {
  const IrValue value = g.has(1) ? g.reshape(g.input(1), {}) : g.out().number(0);
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

void ir_put_non_zero(GraphToIr& g, Row row) {
  g.give(g.out().add(row.layer, row.opset, {g.input(0)}, {{"output_type", "i64"}}, "i64"));
}

// Values stand together: elsewhere, then at the index.
void ir_put_one_hot(GraphToIr& g, Row row) {
  auto& out = g.out();
  const auto value = [&](int64_t which) { return g.gather(g.input(2), out.whole(which), 0); };
  const IrValue depth = g.type(1).dims.size() == 1 ? one_of(g, g.input(1)) : g.input(1);
  g.give(out.add(row.layer, row.opset, {g.input(0), depth, value(1), value(0)},
                 {{"axis", std::to_string(g.integer("axis", -1))}}, g.output_type()));
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
