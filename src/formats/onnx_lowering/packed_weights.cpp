#include "formats/onnx_lowering/packed_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::formats {
namespace {

using codecs::GroupLayout;

struct PlainType {
  const codecs::Codec* codec;
  OnnxType type;
};
constexpr std::array kPlainTypes = {
    PlainType{&codecs::f32, OnnxType::float32}, PlainType{&codecs::f16, OnnxType::float16},
    PlainType{&codecs::bf16, OnnxType::bfloat16}, PlainType{&codecs::u8, OnnxType::uint8}};

/// A tensor of equal bytes.
class EqualBytes final : public model::TensorSource {
 public:
  EqualBytes(std::byte value, int64_t row_bytes) : value_(value), row_bytes_(row_bytes) {}
  std::span<const std::byte> rows(int64_t, int64_t count, std::vector<std::byte>& scratch) const override {
    scratch.assign(static_cast<size_t>(count * row_bytes_), value_);
    return scratch;
  }
  std::string where() const override { return "made for ONNX"; }

 private:
  const std::byte value_;
  const int64_t row_bytes_;
};

model::Tensor byte_tensor(Shape shape, std::shared_ptr<const model::TensorSource> source) {
  return {"", std::move(shape), &codecs::u8.info, std::move(source)};
}

model::Tensor equal_bytes(std::byte value, int64_t rows, int64_t row_bytes) {
  return byte_tensor({rows, row_bytes}, std::make_shared<EqualBytes>(value, row_bytes));
}

/// Bytes of which each holds a number of a few bits, packed: lowest bits first, rows padded to whole bytes.
class PackedBytes final : public model::TensorSource {
 public:
  PackedBytes(model::Tensor bytes, int bits) : bytes_(std::move(bytes)), bits_(bits) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const int64_t length = bytes_.shape.row_length();
    const auto row_bytes = static_cast<size_t>((length * bits_ + 7) / 8);
    const auto per_byte = static_cast<size_t>(8 / bits_);
    std::vector<std::byte> own;
    const auto numbers = bytes_.source->rows(first, count, own);
    scratch.assign(static_cast<size_t>(count) * row_bytes, std::byte{0});
    for (size_t i = 0; i < numbers.size(); ++i) {
      const size_t row = i / static_cast<size_t>(length), column = i % static_cast<size_t>(length);
      const auto shift = static_cast<int>(column % per_byte) * bits_;
      scratch[row * row_bytes + column / per_byte] |= numbers[i] << shift;
    }
    return scratch;
  }
  void release(int64_t first, int64_t count) const override { bytes_.source->release(first, count); }
  std::string where() const override { return bytes_.source->where(); }

 private:
  const model::Tensor bytes_;
  const int bits_;
};

/// Numbers of a few bits without padding between rows: all in one row.
model::Tensor packed_flat(model::Tensor bytes, int bits) {
  const int64_t count = bytes.shape.element_count();
  model::Tensor flat = bytes;
  struct WholeTensor final : model::TensorSource {
    explicit WholeTensor(model::Tensor all) : all_(std::move(all)) {}
    std::span<const std::byte> rows(int64_t, int64_t, std::vector<std::byte>& scratch) const override {
      return all_.source->rows(0, all_.shape.row_count(), scratch);
    }
    std::string where() const override { return all_.source->where(); }
    const model::Tensor all_;
  };
  flat.source = std::make_shared<WholeTensor>(std::move(bytes));
  flat.shape = {1, count};
  return byte_tensor({1, (count * bits + 7) / 8}, std::make_shared<PackedBytes>(std::move(flat), bits));
}

// One number of `bits` bits, repeated through a byte.
std::byte repeated(int number, int bits) {
  int byte = 0;
  for (int shift = 0; shift < 8; shift += bits) byte |= number << shift;
  return static_cast<std::byte>(byte);
}

OnnxType number_type(int bits) { return bits == 4 ? OnnxType::uint4 : OnnxType::uint8; }

}  // namespace

OnnxType onnx_type_of(const model::Tensor& tensor) {
  for (const auto& plain : kPlainTypes) {
    if (&plain.codec->info == tensor.storage) return plain.type;
  }
  fail(ErrorCode::unsupported, "tensor '{}': an ONNX graph cannot compute with {}; --dtype f16 or f32 stores floats",
       tensor.name, tensor.storage->name);
}

std::span<const StorageType> onnx_packed_types(OnnxDialect dialect) {
  constexpr std::array kStandardBits = {4, 8};
  constexpr std::array kRuntimeBits = {2, 4, 8};
  static const auto standard = types_of_planes(kStandardBits);
  static const auto runtime = types_of_planes(kRuntimeBits);
  return dialect == OnnxDialect::standard ? standard : runtime;
}

StorageType onnx_storage(const model::Tensor& tensor, StorageType wanted) {
  const bool is_float = wanted == &codecs::f16.info || wanted == &codecs::bf16.info || wanted == &codecs::f64.info;
  return is_float && tensor.shape.rank() < 2 ? &codecs::f32.info : wanted;
}

std::string add_stored_weight(OnnxGraphBuilder& out, const model::Tensor& tensor) {
  const auto dims = tensor.shape.dims();
  return out.weight({tensor.name, onnx_type_of(tensor), {dims.begin(), dims.end()}, tensor});
}

std::string add_float_weight(OnnxGraphBuilder& out, const model::Tensor& tensor) {
  const std::string name = add_stored_weight(out, tensor);
  if (onnx_type_of(tensor) == OnnxType::float32) return name;
  return out.shared(name + " as float32", [&] {
    return out.add("Cast", {name}, {attribute("to", static_cast<int64_t>(OnnxType::float32))});
  });
}

std::optional<PackedMatrix> PackedMatrix::of(const model::Tensor& tensor, OnnxDialect dialect) {
  const GroupLayout* layout = codecs::group_layout_of(tensor.storage);
  if (!layout) return std::nullopt;
  const auto types = onnx_packed_types(dialect);
  if (std::ranges::find(types, tensor.storage) != types.end() && tensor.shape.rank() == 2) {
    return PackedMatrix{tensor, *layout, split_planes(tensor)};
  }
  fail(ErrorCode::unsupported, "tensor '{}' {}: an ONNX graph cannot hold {}", tensor.name, tensor.shape.to_string(),
       tensor.storage->name);
}

void PackedMatrix::add_parts(OnnxGraphBuilder& out) const {
  out.shared(tensor.name + " parts", [&] {
    out.weight({tensor.name + ".scales", OnnxType::float32, {rows(), groups()}, planes.scales});
    if (has_offsets()) {
      out.weight({tensor.name + ".offsets", OnnxType::float32, {rows(), groups()}, *planes.offsets});
    }
    return std::string();
  });
}

// Only forms that somebody asks for are there. Codes come first: then scales and offsets come out of the same
// computation.
std::string PackedMatrix::form_of_codes(OnnxGraphBuilder& out, std::string_view ending, OnnxType type,
                                        std::vector<int64_t> dims) const {
  const OnnxWeight form{fmt::format("{}.codes{}", tensor.name, ending), type, std::move(dims), planes.codes};
  const std::string first = out.shared(tensor.name + " codes", [&] { return out.weight(form); });
  add_parts(out);
  return first == form.name ? first : out.weight(form, first);
}

std::string PackedMatrix::codes(OnnxGraphBuilder& out) const {
  return form_of_codes(out, "", OnnxType::uint8, {rows(), groups(), layout.code_bytes()});
}

std::string PackedMatrix::code_rows(OnnxGraphBuilder& out) const {
  return form_of_codes(out, ".rows", OnnxType::uint8, {rows(), groups() * layout.code_bytes()});
}

std::string PackedMatrix::code_numbers(OnnxGraphBuilder& out) const {
  return form_of_codes(out, ".numbers", number_type(layout.bits), {rows(), columns()});
}

std::string PackedMatrix::scales(OnnxGraphBuilder& out) const {
  add_parts(out);
  return tensor.name + ".scales";
}

std::string PackedMatrix::offsets(OnnxGraphBuilder& out) const {
  add_parts(out);
  return tensor.name + ".offsets";
}

std::string PackedMatrix::zero_bytes(OnnxGraphBuilder& out) const {
  add_parts(out);
  return out.weight({tensor.name + ".zero_points", OnnxType::uint8, {rows(), groups()}, *planes.offsets});
}

std::string PackedMatrix::zero_rows(OnnxGraphBuilder& out) const {
  add_parts(out);
  const int64_t row_bytes = (groups() * layout.bits + 7) / 8;
  const std::vector<int64_t> dims{rows(), row_bytes};
  if (has_zero_points()) {
    auto packed = byte_tensor({rows(), row_bytes}, std::make_shared<PackedBytes>(*planes.offsets, layout.bits));
    return out.weight({tensor.name + ".zero_points.packed", OnnxType::uint8, dims, std::move(packed)});
  }
  const auto name = fmt::format("constant/uint{}/{}[{},{}] packed", layout.bits, common_zero(), rows(), groups());
  return out.weight(
      {name, OnnxType::uint8, dims, equal_bytes(repeated(common_zero(), layout.bits), rows(), row_bytes)});
}

std::string PackedMatrix::zero_numbers(OnnxGraphBuilder& out) const {
  add_parts(out);
  const std::vector<int64_t> dims{rows(), groups()};
  if (has_zero_points()) {
    return out.weight({tensor.name + ".zero_points.numbers", number_type(layout.bits), dims,
                       packed_flat(*planes.offsets, layout.bits)});
  }
  const int64_t bytes = (rows() * groups() * layout.bits + 7) / 8;
  const auto name = fmt::format("constant/uint{}/{}[{},{}]", layout.bits, common_zero(), rows(), groups());
  return out.weight(
      {name, number_type(layout.bits), dims, equal_bytes(repeated(common_zero(), layout.bits), 1, bytes)});
}

}  // namespace adze::formats
