#include "formats/onnx/onnx_numbers.h"

#include <algorithm>

#include "base/error.h"
#include "formats/kept_rows.h"
#include "formats/onnx/read_onnx_model.h"
#include "ops/standard/standard_op.h"
#include "tensor/packed_bits.h"

namespace adze::formats {
namespace {

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
  if (packed_bits(result.type()) < 8) {
    unpack_bits(tensor.bytes, result.type(), result.fill_bytes());
  } else if (tensor.type == OnnxType::boolean) {  // any byte but 0 is true in a file
    std::ranges::transform(tensor.bytes, result.fill_bytes().begin(),
                           [](std::byte b) { return b == std::byte{0} ? b : std::byte{1}; });
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
  if (packed_bits(storage) < 8 || tensor.type == OnnxType::boolean) {
    const HostTensor plain = host_tensor_of(tensor);
    return model::owned_tensor(std::move(name), std::move(shape), storage,
                               {plain.bytes().begin(), plain.bytes().end()});
  }
  const auto row = static_cast<size_t>(row_bytes(*storage, shape.row_length()));
  auto source = std::make_shared<KeptRows>(tensor.bytes, tensor.keeps_bytes, row, where);
  return {std::move(name), std::move(shape), storage, std::move(source)};
}

OnnxTensor onnx_tensor_of(std::string name, std::vector<int64_t> dims, StorageType storage,
                          std::span<const std::byte> bytes) {
  const auto type = static_cast<OnnxType>(ops::element_type_number(storage));
  if (packed_bits(storage) < 8) {
    return owned_onnx_tensor(std::move(name), std::move(dims), type, pack_bits(bytes, storage));
  }
  return {std::move(name), std::move(dims), type, bytes, nullptr, {}, {}};
}

}  // namespace adze::formats
