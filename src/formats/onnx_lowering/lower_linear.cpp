// Products with weights, and looking up rows of them.
//
// A packed weight is scale * (code - zero) or scale * code + offset. The product with the codes is MatMulNBits of ONNX
// Runtime, or that with DequantizeLinear of the standard. Neither has offsets, which are added in their own right:
//
//   sum over k of x[k] * (scale[g] * code[k] + offset[g])  =  product with the codes + sum over g of X[g] * offset[g]
//   X[g] = sum of x[k] within group g
//
// so no value is rounded to a whole zero point.
#include <fmt/format.h>

#include "formats/onnx_lowering/lowerings.h"

namespace adze::formats {
namespace {

constexpr int64_t kFloat = static_cast<int64_t>(OnnxType::float32);

std::string transposed_product(OnnxLowering& l, const std::string& x, const std::string& weight) {
  auto& out = l.out();
  if (l.uses_contrib()) return out.add_contrib("FusedMatMul", {x, weight}, {attribute("transB", int64_t{1})});
  const auto turned = out.shared(weight + " transposed", [&] {
    return out.add("Transpose", {weight}, {attribute("perm", std::vector<int64_t>{1, 0})});
  });
  return out.add("MatMul", {x, turned});
}

std::string sums_of_groups(OnnxLowering& l, const std::string& x, const PackedMatrix& matrix) {
  auto& out = l.out();
  return out.shared(fmt::format("{} sums of {}", x, matrix.layout.group), [&] {
    const auto split = out.add("Reshape", {x, out.ints({0, 0, matrix.groups(), matrix.layout.group})});
    return out.add("ReduceSum", {split, out.ints({3})}, {attribute("keepdims", int64_t{0})});
  });
}

std::string product_of_codes(OnnxLowering& l, const std::string& x, const PackedMatrix& matrix) {
  auto& out = l.out();
  std::vector<std::string> inputs{x, matrix.codes(out), matrix.scales(out)};
  if (matrix.layout.offset != codecs::GroupOffset::none) inputs.push_back(matrix.zero_rows(out));
  return out.add_contrib(
      "MatMulNBits", inputs,
      {attribute("K", matrix.columns()), attribute("N", matrix.rows()), attribute("bits", int64_t{matrix.layout.bits}),
       attribute("block_size", matrix.layout.group)});
}

std::string product_of_decoded(OnnxLowering& l, const std::string& x, const PackedMatrix& matrix) {
  auto& out = l.out();
  const auto decoded = out.shared(matrix.tensor.name + " decoded", [&] {
    return out.add("DequantizeLinear", {matrix.code_numbers(out), matrix.scales(out), matrix.zero_numbers(out)},
                   {attribute("axis", int64_t{1}), attribute("block_size", matrix.layout.group)});
  });
  return transposed_product(l, x, decoded);
}

std::string packed_product(OnnxLowering& l, const std::string& x, const PackedMatrix& matrix) {
  const auto product = l.uses_contrib() ? product_of_codes(l, x, matrix) : product_of_decoded(l, x, matrix);
  if (!matrix.has_offsets()) return product;
  const auto added = transposed_product(l, sums_of_groups(l, x, matrix), matrix.offsets(l.out()));
  return l.out().add("Add", {product, added});
}

// ---- rows

/// uint8 [batch, sequence, columns]: the codes of rows, one by one.
std::string unpacked_codes(OnnxLowering& l, const std::string& rows, const PackedMatrix& matrix) {
  auto& out = l.out();
  if (matrix.layout.bits == 8) return rows;
  const auto low = out.add("BitwiseAnd", {rows, out.byte(15)});
  const auto high = out.add("BitShift", {rows, out.byte(4)}, {attribute("direction", "RIGHT")});
  const auto pairs =
      out.add("Concat", {out.add("Unsqueeze", {low, out.ints({3})}), out.add("Unsqueeze", {high, out.ints({3})})},
              {attribute("axis", int64_t{3})});
  return out.add("Reshape", {pairs, out.ints({0, 0, matrix.columns()})});
}

std::string as_floats(OnnxLowering& l, const std::string& x) {
  return l.out().add("Cast", {x}, {attribute("to", kFloat)});
}

/// [batch, sequence, groups, 1]
std::string gathered_for_groups(OnnxLowering& l, const std::string& table, const std::string& ids) {
  auto& out = l.out();
  return out.add("Unsqueeze", {out.add("Gather", {table, ids}), out.ints({3})});
}

std::string decoded_rows(OnnxLowering& l, const PackedMatrix& matrix, const std::string& ids) {
  auto& out = l.out();
  const auto packed = out.add("Gather", {matrix.code_rows(out), ids});
  const auto codes = as_floats(l, unpacked_codes(l, packed, matrix));
  auto values = out.add("Reshape", {codes, out.ints({0, 0, matrix.groups(), matrix.layout.group})});
  if (matrix.has_zero_points()) {
    const auto zeros = as_floats(l, gathered_for_groups(l, matrix.zero_bytes(out), ids));
    values = out.add("Sub", {values, zeros});
  } else if (matrix.common_zero() != 0) {
    values = out.add("Sub", {values, out.number(matrix.common_zero())});
  }
  values = out.add("Mul", {values, gathered_for_groups(l, matrix.scales(out), ids)});
  if (matrix.has_offsets()) values = out.add("Add", {values, gathered_for_groups(l, matrix.offsets(out), ids)});
  return out.add("Reshape", {values, out.ints({0, 0, matrix.columns()})});
}

std::string block_quantized_rows(OnnxLowering& l, const PackedMatrix& matrix, const std::string& ids) {
  auto& out = l.out();
  std::vector<std::string> inputs{matrix.code_rows(out), ids, matrix.scales(out)};
  if (matrix.layout.offset != codecs::GroupOffset::none) inputs.push_back(matrix.zero_rows(out));
  const auto rows =
      out.add_contrib("GatherBlockQuantized", inputs,
                      {attribute("bits", int64_t{matrix.layout.bits}), attribute("block_size", matrix.layout.group),
                       attribute("gather_axis", int64_t{0}), attribute("quantize_axis", int64_t{1})});
  if (!matrix.has_offsets()) return rows;
  const auto groups = out.add("Reshape", {rows, out.ints({0, 0, matrix.groups(), matrix.layout.group})});
  const auto values = out.add("Add", {groups, gathered_for_groups(l, matrix.offsets(out), ids)});
  return out.add("Reshape", {values, out.ints({0, 0, matrix.columns()})});
}

std::string rows_of_table(OnnxLowering& l, const model::Tensor& table, const std::string& ids) {
  if (const auto matrix = PackedMatrix::of(table, l.dialect())) {
    return l.uses_contrib() ? block_quantized_rows(l, *matrix, ids) : decoded_rows(l, *matrix, ids);
  }
  const auto rows = l.out().add("Gather", {add_stored_weight(l.out(), table), ids});
  return onnx_type_of(table) == OnnxType::float32 ? rows : as_floats(l, rows);
}

}  // namespace

std::string lower_product(OnnxLowering& l, const std::string& x, const model::Tensor& weight) {
  const auto matrix = PackedMatrix::of(weight, l.dialect());
  return matrix ? packed_product(l, x, *matrix) : transposed_product(l, x, add_float_weight(l.out(), weight));
}

void lower_linear(OnnxLowering& l) {
  auto& out = l.out();
  auto product = lower_product(l, l.input(0), l.weight(1));
  if (l.has_input(2)) product = out.add("Add", {product, add_float_weight(out, l.weight(2))});
  l.set_result(product);
}

void lower_gather_rows(OnnxLowering& l) { l.set_result(rows_of_table(l, l.weight(0), l.input(1))); }

void lower_gather_positions(OnnxLowering& l) { l.set_result(rows_of_table(l, l.weight(0), l.position_ids())); }

}  // namespace adze::formats
