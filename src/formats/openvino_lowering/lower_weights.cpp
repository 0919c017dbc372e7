// Products with weights, and looking up rows of them.
//
// A packed weight is a constant of u4 or u8 that is converted, moved by its zero and scaled, as plug-ins expect of
// compressed weights. Offsets, which are no whole zero points, are added in their own right: the sums of the inputs of
// each group times the offsets.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"
#include "formats/group_planes.h"
#include "formats/openvino_lowering/ir_lowerings.h"

namespace adze::formats {
namespace {

using codecs::GroupLayout;
using codecs::GroupOffset;

struct PlainType {
  const codecs::Codec* codec;
  IrType type;
};
constexpr std::array kPlainTypes = {PlainType{&codecs::f32, "f32"}, PlainType{&codecs::f16, "f16"},
                                    PlainType{&codecs::bf16, "bf16"}};

IrType plain_type_of(const model::Tensor& tensor) {
  for (const auto& plain : kPlainTypes) {
    if (&plain.codec->info == tensor.storage) return plain.type;
  }
  fail(ErrorCode::unsupported, "tensor '{}': OpenVINO's IR cannot hold {}; --dtype f16 or f32 stores floats",
       tensor.name, tensor.storage->name);
}

/// The layout of a packed matrix; null for plain numbers.
const GroupLayout* packed_layout(const model::Tensor& tensor) {
  const GroupLayout* layout = codecs::group_layout_of(tensor.storage);
  if (!layout) return nullptr;
  const auto types = ir_packed_types();
  if (std::ranges::find(types, tensor.storage) != types.end() && tensor.shape.rank() == 2) return layout;
  fail(ErrorCode::unsupported, "tensor '{}' {}: OpenVINO's IR cannot hold {}", tensor.name, tensor.shape.to_string(),
       tensor.storage->name);
}

struct PackedParts {
  IrValue decoded;                 // f32 [rows, columns], without offsets
  std::optional<IrValue> offsets;  // f32 [rows, groups]
};

// Codes first: then scales and offsets come out of the same computation.
PackedParts packed_parts(IrLowering& l, const model::Tensor& tensor, const GroupLayout& layout) {
  auto& out = l.out();
  const int64_t rows = tensor.shape[0], groups = tensor.shape.row_length() / layout.group;
  const IrType type = layout.bits == 4 ? "u4" : "u8";
  const GroupPlanes planes = split_planes(tensor);
  PackedParts parts;
  parts.decoded = out.shared(tensor.name + " decoded", [&] {
    const auto codes = out.constant(tensor.name, type, {rows, groups, layout.group}, planes.codes);
    const auto scales = out.constant(tensor.name + "/scale", "f32", {rows, groups, 1}, planes.scales);
    auto values = l.convert(codes, "f32");
    if (layout.offset == GroupOffset::zero_point) {
      const auto zeros = out.constant(tensor.name + "/zero_point", "u8", {rows, groups, 1}, *planes.offsets);
      values = l.subtract(values, l.convert(zeros, "f32"));
    } else if (layout.offset == GroupOffset::none) {
      const auto zero = out.small_number(type, static_cast<uint8_t>(1 << (layout.bits - 1)));
      values = l.subtract(values, l.convert(zero, "f32"));
    }
    return l.reshape(l.multiply(values, scales), {rows, groups * layout.group});
  });
  if (layout.offset == GroupOffset::offset) {
    parts.offsets = out.constant(tensor.name + "/offset", "f32", {rows, groups}, *planes.offsets);
  }
  return parts;
}

IrValue sums_of_groups(IrLowering& l, IrValue x, int64_t groups, int64_t group) {
  auto& out = l.out();
  return out.shared(fmt::format("sums of {}.{} by {}", x.layer, x.port, group), [&] {
    return out.add("ReduceSum", "opset1", {l.reshape(x, {0, 0, groups, group}), out.ints({3})},
                   {{"keep_dims", "false"}});
  });
}

IrValue rows_of_table(IrLowering& l, const model::Tensor& table, IrValue ids) {
  const GroupLayout* layout = packed_layout(table);
  if (!layout) return l.gather(ir_float_weight(l, table), ids, 0);
  const auto parts = packed_parts(l, table, *layout);
  const IrValue rows = l.gather(parts.decoded, ids, 0);
  if (!parts.offsets) return rows;
  const int64_t groups = table.shape.row_length() / layout->group;
  const IrValue offsets = l.unsqueeze(l.gather(*parts.offsets, ids, 0), {3});
  const IrValue values = l.add(l.reshape(rows, {0, 0, groups, layout->group}), offsets);
  return l.reshape(values, {0, 0, table.shape.row_length()});
}

}  // namespace

std::span<const StorageType> ir_packed_types() {
  constexpr std::array kBits = {4, 8};
  static const auto types = types_of_planes(kBits);
  return types;
}

IrValue ir_float_weight(IrLowering& l, const model::Tensor& tensor) {
  const IrType type = plain_type_of(tensor);
  const auto dims = tensor.shape.dims();
  const IrValue stored = l.out().constant(tensor.name, type, {dims.begin(), dims.end()}, tensor);
  if (type == "f32") return stored;
  return l.out().shared(tensor.name + " as f32", [&] { return l.convert(stored, "f32"); });
}

IrValue ir_product(IrLowering& l, IrValue x, const model::Tensor& weight) {
  const GroupLayout* layout = packed_layout(weight);
  if (!layout) return l.product_with_transposed(x, ir_float_weight(l, weight));
  const auto parts = packed_parts(l, weight, *layout);
  const auto product = l.product_with_transposed(x, parts.decoded);
  if (!parts.offsets) return product;
  const auto sums = sums_of_groups(l, x, weight.shape.row_length() / layout->group, layout->group);
  return l.add(product, l.product_with_transposed(sums, *parts.offsets));
}

void ir_linear(IrLowering& l) {
  const auto product = ir_product(l, l.input(0), l.weight(1));
  l.set_result(l.has_input(2) ? l.add(product, ir_float_weight(l, l.weight(2))) : product);
}

void ir_gather_rows(IrLowering& l) { l.set_result(rows_of_table(l, l.weight(0), l.input(1))); }

void ir_gather_positions(IrLowering& l) { l.set_result(rows_of_table(l, l.weight(0), l.position_ids())); }

}  // namespace adze::formats
