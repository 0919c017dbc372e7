// Rotary positions: tables by position, and turning pairs of columns.
#include <fmt/format.h>

#include "formats/openvino_lowering/ir_lowerings.h"
#include "formats/rotary_tables.h"

namespace adze::formats {
namespace {

// Tables for long contexts lie behind those for short ones.
IrValue positions_in_tables(IrLowering& l, int64_t short_rows) {
  if (short_rows == 0) return l.position_ids();
  auto& out = l.out();
  const auto total = l.dimension(l.attention_mask(), 1);
  const auto is_long =
      out.add("Greater", "opset1", {total, out.ints({short_rows})}, {{"auto_broadcast", "numpy"}}, "boolean");
  const auto behind = out.add("Multiply", "opset1", {l.convert(is_long, "i64"), out.ints({short_rows})},
                              {{"auto_broadcast", "numpy"}}, "i64");
  return out.add("Add", "opset1", {l.position_ids(), behind}, {{"auto_broadcast", "numpy"}}, "i64");
}

IrValue looked_up(IrLowering& l, const model::Tensor& table, IrValue positions) {
  const auto name = fmt::format("{}/{}", l.node().name, table.name);
  const auto stored = l.out().constant(name, "f32", {table.shape[0], table.shape[1]}, table);
  return l.unsqueeze(l.gather(stored, positions, 0), {2});
}

struct Pairs {
  IrValue first, second;  // [batch, sequence, heads, pairs]
};

Pairs turned(IrLowering& l, const Pairs& x) {
  const auto& rotary = l.rotary(l.node().inputs[1]);
  return {l.subtract(l.multiply(x.first, rotary.cosines), l.multiply(x.second, rotary.sines)),
          l.add(l.multiply(x.second, rotary.cosines), l.multiply(x.first, rotary.sines))};
}

IrValue turned_neighbours(IrLowering& l, IrValue x, int64_t heads, int64_t dims) {
  const auto pairs = l.reshape(x, {0, 0, heads, dims / 2, 2});
  const Pairs made = turned(l, {l.gather(pairs, l.out().whole(0), 4), l.gather(pairs, l.out().whole(1), 4)});
  const auto joined = l.concat({l.unsqueeze(made.first, {4}), l.unsqueeze(made.second, {4})}, 4);
  return l.reshape(joined, {0, 0, heads, dims});
}

}  // namespace

void ir_rotary_angles(IrLowering& l) {
  const RotaryTables tables = rotary_tables(l.graph(), l.node(), l.model(), l.context());
  const IrValue positions = positions_in_tables(l, tables.short_rows);
  l.set_rotary({looked_up(l, tables.cosines, positions), looked_up(l, tables.sines, positions)});
}

void ir_rotary(IrLowering& l) {
  const int64_t heads = graph::int_attribute(l.node(), "heads");
  const int64_t width = graph::int_attribute(l.node(), "head_dim");
  const int64_t dims = graph::int_attribute(l.node(), "rotary_dims");
  const auto x = l.reshape(l.input(0), {0, 0, heads, width});
  const auto part = dims < width ? l.slice(x, 3, 0, dims) : x;
  IrValue made;
  if (graph::string_attribute_or(l.node(), "layout", "halves") == "interleaved") {
    made = turned_neighbours(l, part, heads, dims);
  } else {
    const Pairs halves = turned(l, {l.slice(part, 3, 0, dims / 2), l.slice(part, 3, dims / 2, dims)});
    made = l.concat({halves.first, halves.second}, 3);
  }
  if (dims < width) made = l.concat({made, l.slice(x, 3, dims, width)}, 3);
  l.set_result(l.reshape(made, {0, 0, heads * width}));
}

}  // namespace adze::formats
