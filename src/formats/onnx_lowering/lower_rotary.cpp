// Rotary positions: angles become tables by position that all layers look up.
#include <fmt/format.h>

#include "formats/onnx_lowering/lowerings.h"
#include "formats/rotary_tables.h"

namespace adze::formats {
namespace {

// Tables for long contexts lie behind those for short ones.
std::string positions_in_tables(OnnxLowering& l, int64_t short_rows) {
  if (short_rows == 0) return l.position_ids();
  auto& out = l.out();
  const auto total = out.add("Gather", {out.add("Shape", {l.attention_mask()}), out.whole(1)});
  const auto is_long = out.add("Greater", {total, out.whole(short_rows)});
  const auto behind = out.add("Cast", {is_long}, {attribute("to", static_cast<int64_t>(OnnxType::int64))});
  return out.add("Add", {l.position_ids(), out.add("Mul", {behind, out.whole(short_rows)})});
}

std::string add_table(OnnxLowering& l, const model::Tensor& table) {
  return l.out().weight(
      {fmt::format("{}/{}", l.node().name, table.name), OnnxType::float32, {table.shape[0], table.shape[1]}, table});
}

struct RotaryAttributes {
  int64_t heads, head_dim, rotary_dims;
  bool interleaved;
};

RotaryAttributes attributes_of(const graph::Node& node) {
  return {graph::int_attribute(node, "heads"), graph::int_attribute(node, "head_dim"),
          graph::int_attribute(node, "rotary_dims"),
          graph::string_attribute_or(node, "layout", "halves") == "interleaved"};
}

/// One column range of the last of `rank` dimensions.
std::string columns(OnnxGraphBuilder& out, const std::string& x, int64_t rank, int64_t begin, int64_t end) {
  return out.add("Slice", {x, out.ints({begin}), out.ints({end}), out.ints({rank - 1})});
}

/// [batch, sequence, 1, pairs], looked up once for all layers.
std::string looked_up(OnnxGraphBuilder& out, const std::string& table, const std::string& positions) {
  return out.shared(table + " looked up",
                    [&] { return out.add("Unsqueeze", {out.add("Gather", {table, positions}), out.ints({2})}); });
}

struct Pairs {
  std::string first, second;  // [batch, sequence, heads, pairs] each
};

Pairs rotated(OnnxLowering& l, const Pairs& x) {
  auto& out = l.out();
  const auto& rotary = l.rotary(l.node().inputs[1]);
  const auto cosines = looked_up(out, rotary.cosines, rotary.positions);
  const auto sines = looked_up(out, rotary.sines, rotary.positions);
  return {out.add("Sub", {out.add("Mul", {x.first, cosines}), out.add("Mul", {x.second, sines})}),
          out.add("Add", {out.add("Mul", {x.second, cosines}), out.add("Mul", {x.first, sines})})};
}

std::string rotated_halves(OnnxLowering& l, const std::string& x, int64_t dims) {
  auto& out = l.out();
  const Pairs turned = rotated(l, {columns(out, x, 4, 0, dims / 2), columns(out, x, 4, dims / 2, dims)});
  return out.add("Concat", {turned.first, turned.second}, {attribute("axis", int64_t{3})});
}

std::string rotated_neighbours(OnnxLowering& l, const std::string& x, const RotaryAttributes& how) {
  auto& out = l.out();
  const int64_t dims = how.rotary_dims;
  const auto pairs = out.add("Reshape", {columns(out, x, 4, 0, dims), out.ints({0, 0, how.heads, dims / 2, 2})});
  const auto part = [&](int64_t index) {
    return out.add("Gather", {pairs, out.whole(index)}, {attribute("axis", int64_t{4})});
  };
  const auto deepened = [&](const std::string& values) { return out.add("Unsqueeze", {values, out.ints({4})}); };
  const Pairs turned = rotated(l, {part(0), part(1)});
  const auto joined =
      out.add("Concat", {deepened(turned.first), deepened(turned.second)}, {attribute("axis", int64_t{4})});
  return out.add("Reshape", {joined, out.ints({0, 0, how.heads, dims})});
}

}  // namespace

void lower_rotary_angles(OnnxLowering& l) {
  const RotaryTables tables = rotary_tables(l.graph(), l.node(), l.model(), l.context());
  l.set_rotary({add_table(l, tables.cosines), add_table(l, tables.sines), positions_in_tables(l, tables.short_rows)});
}

void lower_rotary(OnnxLowering& l) {
  auto& out = l.out();
  const auto how = attributes_of(l.node());
  const auto heads = out.add("Reshape", {l.input(0), out.ints({0, 0, how.heads, how.head_dim})});
  auto turned = how.interleaved ? rotated_neighbours(l, heads, how) : rotated_halves(l, heads, how.rotary_dims);
  if (how.rotary_dims < how.head_dim) {
    const auto rest = columns(out, heads, 4, how.rotary_dims, how.head_dim);
    turned = out.add("Concat", {turned, rest}, {attribute("axis", int64_t{3})});
  }
  l.set_result(out.add("Reshape", {turned, out.ints({0, 0, how.heads * how.head_dim})}));
}

void lower_rotary_contrib(OnnxLowering& l) {
  const auto how = attributes_of(l.node());
  const auto& rotary = l.rotary(l.node().inputs[1]);
  std::vector<OnnxAttribute> attributes{attribute("num_heads", how.heads),
                                        attribute("interleaved", int64_t{how.interleaved})};
  if (how.rotary_dims < how.head_dim) attributes.push_back(attribute("rotary_embedding_dim", how.rotary_dims));
  l.set_result(
      l.out().add_contrib("RotaryEmbedding", {l.input(0), rotary.positions, rotary.cosines, rotary.sines}, attributes));
}

}  // namespace adze::formats
