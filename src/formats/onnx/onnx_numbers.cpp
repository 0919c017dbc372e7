#include "formats/onnx/onnx_numbers.h"

#include <algorithm>

#include "base/error.h"
#include "formats/kept_rows.h"
#include "formats/onnx/read_onnx_model.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {
namespace {

int bits_below_eight(OnnxType type) {
  if (type == OnnxType::int4 || type == OnnxType::uint4 || type == OnnxType::float4e2m1) return 4;
  return type == OnnxType::int2 || type == OnnxType::uint2 ? 2 : 0;
}

bool is_signed(OnnxType type) { return type == OnnxType::int4 || type == OnnxType::int2; }

/// A byte for each number, with the sign of signed types.
void unpack(const OnnxTensor& tensor, std::span<std::byte> to) {
  const int bits = bits_below_eight(tensor.type), in_a_byte = 8 / bits;
  for (size_t i = 0; i < to.size(); ++i) {
    const auto byte = static_cast<unsigned>(tensor.bytes[i / static_cast<size_t>(in_a_byte)]);
    const unsigned code = byte >> (static_cast<int>(i) % in_a_byte * bits) & ((1u << bits) - 1);
    const bool negative = is_signed(tensor.type) && code >> (bits - 1) != 0;
    to[i] = static_cast<std::byte>(negative ? code | (0xFFu << bits) : code);
  }
}

std::vector<std::byte> packed(std::span<const std::byte> codes, int bits) {
  const auto in_a_byte = static_cast<size_t>(8 / bits);
  std::vector<std::byte> bytes((codes.size() + in_a_byte - 1) / in_a_byte, std::byte{0});
  const auto mask = static_cast<std::byte>((1u << bits) - 1);
  for (size_t i = 0; i < codes.size(); ++i) {
    bytes[i / in_a_byte] |= (codes[i] & mask) << (static_cast<int>(i % in_a_byte) * bits);
  }
  return bytes;
}

void require_bytes(const OnnxTensor& tensor) {
  if (tensor.external && tensor.bytes.data() == nullptr && checked_element_count(tensor.dims) > 0) {
    fail(ErrorCode::not_found, "tensor \"{}\" lies in another file, which was not read", tensor.name);
  }
}

}  // namespace

StorageType storage_of_onnx(OnnxType type) {
  const StorageType storage = ops::element_type(static_cast<int64_t>(type));
  if (!storage && type != OnnxType::string) {
    fail(ErrorCode::unsupported, "unknown element type {}", static_cast<int32_t>(type));
  }
  return storage;
}

HostTensor host_tensor_of(const OnnxTensor& tensor) {
  if (tensor.type == OnnxType::string) return HostTensor(tensor.strings, tensor.dims);
  require_bytes(tensor);
  HostTensor result(storage_of_onnx(tensor.type), tensor.dims);
  if (bits_below_eight(tensor.type) != 0) {
    unpack(tensor, result.fill_bytes());
  } else {
    std::ranges::copy(tensor.bytes, result.fill_bytes().begin());
  }
  return result;
}

HostTensor read_onnx_host_tensor(const std::string& path) { return host_tensor_of(read_onnx_tensor(path)); }

model::Tensor model_tensor_of(const OnnxTensor& tensor, std::string name, const std::string& where) {
  require_bytes(tensor);
  const StorageType storage = storage_of_onnx(tensor.type);
  auto shape = checked_shape(tensor.dims, where);
  if (bits_below_eight(tensor.type) != 0) {
    const HostTensor unpacked = host_tensor_of(tensor);
    return model::owned_tensor(std::move(name), std::move(shape), storage,
                               {unpacked.bytes().begin(), unpacked.bytes().end()});
  }
  const auto row = static_cast<size_t>(row_bytes(*storage, shape.row_length()));
  auto source = std::make_shared<KeptRows>(tensor.bytes, tensor.keeps_bytes, row, where);
  return {std::move(name), std::move(shape), storage, std::move(source)};
}

OnnxTensor onnx_tensor_of(std::string name, std::vector<int64_t> dims, StorageType storage,
                          std::span<const std::byte> bytes) {
  const auto type = static_cast<OnnxType>(ops::element_type_number(storage));
  const int bits = bits_below_eight(type);
  if (bits != 0) return owned_onnx_tensor(std::move(name), std::move(dims), type, packed(bytes, bits));
  return {std::move(name), std::move(dims), type, bytes, nullptr, {}, {}};
}

}  // namespace adze::formats
