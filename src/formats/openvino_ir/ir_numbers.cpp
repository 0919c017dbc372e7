// lint: foreign names: OpenVINO
#include "formats/openvino_ir/ir_numbers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/checked_math.h"
#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/uneven_levels.h"
#include "formats/kept_rows.h"
#include "ops/standard/narrow_floats.h"
#include "tensor/element_types.h"

namespace adze::formats {
namespace {

struct IrNumberType {
  std::string_view name;  // in attributes of layers
  std::string_view port;  // in ports
  int bits;
  StorageType storage;
};

const std::array kTypes = {
    IrNumberType{"f32", "FP32", 32, &codecs::f32.info},
    IrNumberType{"f16", "FP16", 16, &codecs::f16.info},
    IrNumberType{"bf16", "BF16", 16, &codecs::bf16.info},
    IrNumberType{"f64", "FP64", 64, &codecs::f64.info},
    IrNumberType{"i64", "I64", 64, &codecs::i64.info},
    IrNumberType{"i32", "I32", 32, &codecs::i32.info},
    IrNumberType{"i16", "I16", 16, &codecs::i16.info},
    IrNumberType{"i8", "I8", 8, &codecs::i8.info},
    IrNumberType{"u8", "U8", 8, &codecs::u8.info},
    IrNumberType{"u16", "U16", 16, &kU16},
    IrNumberType{"u32", "U32", 32, &kU32},
    IrNumberType{"u64", "U64", 64, &kU64},
    IrNumberType{"boolean", "BOOL", 8, &codecs::boolean.info},
    IrNumberType{"f8e4m3", "F8E4M3", 8, &codecs::f8_e4m3.info},
    IrNumberType{"f8e5m2", "F8E5M2", 8, &codecs::f8_e5m2.info},
    IrNumberType{"f8e8m0", "F8E8M0", 8, &kF8E8M0},
    IrNumberType{"f4e2m1", "F4E2M1", 4, &kF4E2M1},
    IrNumberType{"i4", "I4", 4, &kI4},
    IrNumberType{"u4", "U4", 4, &kU4},
    IrNumberType{"u2", "U2", 2, &kU2},
    IrNumberType{"u1", "U1", 1, &codecs::u8.info},
    IrNumberType{"u3", "U3", 3, &codecs::u8.info},
    IrNumberType{"u6", "U6", 6, &codecs::u8.info},
    IrNumberType{"nf4", "NF4", 4, &codecs::f32.info},
};

const IrNumberType& type_named(std::string_view name) {
  const auto found = std::ranges::find(kTypes, name, &IrNumberType::name);
  if (found == kTypes.end()) fail(ErrorCode::unsupported, "element type \"{}\" is not known", name);
  return *found;
}

unsigned byte_at(std::span<const std::byte> bytes, size_t at) { return static_cast<unsigned>(bytes[at]); }

/// Code number i. Codes of 2 and 4 bits lie lowest first; of 1 bit, highest first; those of 3 and 6 bits have their low
/// bits in two bytes, highest first, and their high ones in a third.
unsigned code_at(std::span<const std::byte> bytes, int bits, size_t i) {
  if (bits == 1) return byte_at(bytes, i / 8) >> (7 - i % 8) & 1u;
  if (bits == 2) return byte_at(bytes, i / 4) >> (2 * (i % 4)) & 3u;
  if (bits == 4) return byte_at(bytes, i / 2) >> (4 * (i % 2)) & 15u;
  if (bits == 3) {
    const size_t group = i / 8 * 3, at = i % 8;
    return (byte_at(bytes, group + at / 4) >> (2 * (3 - at % 4)) & 3u) | (byte_at(bytes, group + 2) >> (7 - at) & 1u)
                                                                             << 2;
  }
  const size_t group = i / 4 * 3, at = i % 4;
  return (byte_at(bytes, group + at / 2) >> (4 * (1 - at % 2)) & 15u) |
         (byte_at(bytes, group + 2) >> (2 * (3 - at)) & 3u) << 4;
}

size_t bytes_of(const IrNumberType& type, size_t count) {
  if (type.bits == 3) return (count + 7) / 8 * 3;
  if (type.bits == 6) return (count + 3) / 4 * 3;
  return (count * static_cast<size_t>(type.bits) + 7) / 8;
}

std::vector<std::byte> unpacked(std::span<const std::byte> bytes, const IrNumberType& type, size_t count) {
  std::vector<std::byte> result(count * type.storage->block_bytes);
  for (size_t i = 0; i < count; ++i) {
    const unsigned code = code_at(bytes, type.bits, i);
    if (type.name == "nf4") {
      std::memcpy(result.data() + i * sizeof(float), &codecs::kNf4Levels[code], sizeof(float));
    } else {
      const bool negative = type.name == "i4" && code >= 8;
      result[i] = static_cast<std::byte>(negative ? code | 0xF0u : code);
    }
  }
  return result;
}

uint64_t number_of(const IrLayer& layer, std::string_view name) {
  const auto found = layer.attributes.find(name);
  uint64_t number = 0;
  if (found == layer.attributes.end()) fail(ErrorCode::bad_input, "a constant has no attribute '{}'", name);
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail(ErrorCode::bad_input, "attribute '{}' is \"{}\"", name, text);
  }
  return number;
}

std::string_view attribute_of(const IrLayer& layer, std::string_view name) {
  const auto found = layer.attributes.find(name);
  return found == layer.attributes.end() ? std::string_view() : found->second;
}

}  // namespace

StorageType storage_of_ir(std::string_view element_type) { return type_named(element_type).storage; }

StorageType storage_of_ir_port(std::string_view precision) {
  const auto found = std::ranges::find(kTypes, precision, &IrNumberType::port);
  return found == kTypes.end() ? nullptr : found->storage;
}

bool has_float_numbers(StorageType storage) {
  return storage == &codecs::f32.info || storage == &codecs::f64.info || ops::is_narrow_float(storage);
}

std::string_view ir_type_of(StorageType storage) {
  const auto found = std::ranges::find(kTypes, storage, &IrNumberType::storage);
  return found == kTypes.end() ? std::string_view() : found->name;
}

std::optional<std::vector<int64_t>> ir_dims(std::string_view text) {
  std::vector<int64_t> dims;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view word = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
    while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
    if (word == "...") return std::nullopt;
    int64_t number = -1;
    if (word != "?" && word.find("..") == std::string_view::npos) {
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
      if (error != std::errc() || end != word.data() + word.size() || number < -1) {
        fail(ErrorCode::bad_input, "\"{}\" is no dimension", word);
      }
    }
    dims.push_back(number);
  }
  return dims;
}

std::span<const std::byte> ir_constant_bytes(const IrLayer& layer, const IrDocument& document) {
  const IrNumberType& type = type_named(attribute_of(layer, "element_type"));
  const auto dims = ir_dims(attribute_of(layer, "shape"));
  if (!dims) fail(ErrorCode::bad_input, "a constant of any rank");
  const auto count = static_cast<size_t>(checked_element_count(*dims));
  const uint64_t offset = number_of(layer, "offset"), size = number_of(layer, "size");
  if (offset > document.constants.size() || size > document.constants.size() - offset) {
    fail(ErrorCode::bad_input, "its bytes {} to {}+{} do not lie within the {} bytes of the .bin file", offset, offset,
         size, document.constants.size());
  }
  if (size != bytes_of(type, count)) {
    fail(ErrorCode::bad_input, "{} numbers of type {} take {} bytes, not {}", count, type.name, bytes_of(type, count),
         size);
  }
  return document.constants.subspan(offset, size);
}

model::Tensor ir_constant(const IrLayer& layer, const IrDocument& document) {
  const auto bytes = ir_constant_bytes(layer, document);
  const IrNumberType& type = type_named(attribute_of(layer, "element_type"));
  auto shape = checked_shape(*ir_dims(attribute_of(layer, "shape")), layer.name);
  if (type.bits < 8) {
    auto numbers = unpacked(bytes, type, static_cast<size_t>(shape.element_count()));
    return model::owned_tensor(layer.name, std::move(shape), type.storage, std::move(numbers));
  }
  const auto row = static_cast<size_t>(row_bytes(*type.storage, shape.row_length()));
  auto source = std::make_shared<KeptRows>(bytes, document.keeps_constants, row, layer.name);
  return {layer.name, std::move(shape), type.storage, std::move(source)};
}

HostTensor host_tensor(const graph::Value& value) {
  std::vector<int64_t> dims;
  for (const graph::Dim& dim : value.type.dims) dims.push_back(dim.constant());
  HostTensor tensor(value.type.storage, std::move(dims));
  std::ranges::copy(value.constant, tensor.fill_bytes().begin());
  return tensor;
}

}  // namespace adze::formats
