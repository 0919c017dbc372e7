#include "formats/gguf/write_gguf.h"

#include <algorithm>
#include <bit>
#include <type_traits>

#include "base/checked_math.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/gguf/complete_for_gguf.h"
#include "formats/gguf/ggml_types.h"
#include "formats/gguf/gguf_header.h"
#include "formats/gguf/model_keys.h"
#include "formats/gguf/value_types.h"
#include "formats/tensor_stream.h"

namespace adze::formats {
namespace {

constexpr size_t kMaxDims = 4;
// ggml keeps names in 64 bytes with a final zero.
constexpr size_t kMaxTensorNameBytes = 63;

/// The bytes of the header, built in memory: it is small beside the tensors.
class HeaderBytes {
 public:
  template <typename T>
  void number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void string(std::string_view text) {
    number<uint64_t>(text.size());
    bytes_ += text;
  }
  void type(GgufType type) { number(static_cast<uint32_t>(type)); }
  void raw(std::string_view text) { bytes_ += text; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

template <typename T>
void put_element(HeaderBytes& out, const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    out.string(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    out.number<uint8_t>(value);
  } else {
    out.number(value);
  }
}

template <typename T>
constexpr bool is_array_value = false;
template <typename T>
constexpr bool is_array_value<std::vector<T>> = true;

struct PutValue {
  HeaderBytes& out;

  void operator()(const model::BoolArray& array) const {
    put_array_start(GgufType::boolean, array.values.size());
    for (const uint8_t value : array.values) out.number(value);
  }
  template <typename T>
  void operator()(const std::vector<T>& array) const {
    put_array_start(GgufTypeOf<T>::value, array.size());
    for (const auto& value : array) put_element(out, value);
  }
  template <typename T>
    requires(!is_array_value<T>)
  void operator()(const T& value) const {
    out.type(GgufTypeOf<T>::value);
    put_element(out, value);
  }
  void put_array_start(GgufType type, size_t count) const {
    out.type(GgufType::array);
    out.type(type);
    out.number<uint64_t>(count);
  }
};

uint64_t alignment_of(const model::KeyValues& keys) {
  const auto alignment = static_cast<uint64_t>(keys.find_int("general.alignment").value_or(kGgufDefaultAlignment));
  if (!std::has_single_bit(alignment)) {
    fail(ErrorCode::bad_input, "general.alignment is {}; it must be a power of two", alignment);
  }
  return alignment;
}

uint32_t checked_ggml_type(const model::Tensor& tensor) {
  const auto type = ggml_type_of(tensor.storage);
  if (!type) {
    fail(ErrorCode::unsupported, "tensor '{}': GGUF cannot hold {}; choose another dtype", tensor.name,
         tensor.storage->name);
  }
  if (tensor.name.size() > kMaxTensorNameBytes) {
    fail(ErrorCode::unsupported, "tensor '{}': GGUF readers allow names of {} bytes, this has {}", tensor.name,
         kMaxTensorNameBytes, tensor.name.size());
  }
  if (tensor.shape.rank() > kMaxDims) {
    fail(ErrorCode::unsupported, "tensor '{}' {}: GGUF holds at most {} dimensions", tensor.name,
         tensor.shape.to_string(), kMaxDims);
  }
  return *type;
}

void put_tensor_infos(HeaderBytes& out, const model::TensorList& tensors, uint64_t alignment) {
  uint64_t offset = 0;
  for (const auto& tensor : tensors) {
    const uint32_t type = checked_ggml_type(tensor);
    out.string(tensor.name);
    out.number(static_cast<uint32_t>(tensor.shape.rank()));
    for (size_t axis = tensor.shape.rank(); axis > 0; --axis) out.number(static_cast<uint64_t>(tensor.shape[axis - 1]));
    out.number(type);
    out.number(offset);
    offset = checked_align(offset + static_cast<uint64_t>(tensor.byte_size()), alignment).value();
  }
}

HeaderBytes header_of(const model::TensorList& tensors, const model::KeyValues& keys) {
  HeaderBytes out;
  out.number(kGgufMagic);
  out.number(kGgufVersion);
  out.number<uint64_t>(tensors.size());
  out.number<uint64_t>(keys.size());
  for (const auto& [key, value] : keys) {
    out.string(key);
    std::visit(PutValue{out}, value);
  }
  put_tensor_infos(out, tensors, alignment_of(keys));
  return out;
}

model::KeyValues keys_of(const model::Model& model) {
  if (!model.key_order.empty()) return collect_keys(model);  // it was a GGUF file: nothing is added
  model::Model complete = model;
  complete_for_gguf(complete);
  return collect_keys(complete);
}

}  // namespace

void write_gguf(const model::Model& model, const std::string& path, const WriteOptions& options) {
  if (options.max_shard_bytes > 0) {
    fail(ErrorCode::unsupported, "{}: GGUF is written as one file; leave the size of shards out", path);
  }
  const auto keys = keys_of(model);
  const uint64_t alignment = alignment_of(keys);
  const HeaderBytes header = header_of(model.tensors, keys);
  OutputFile file(path);
  file.append(header.bytes());
  TensorStream stream(options, static_cast<uint64_t>(model.tensors.byte_size()));
  for (const auto& tensor : model.tensors) {
    file.pad_to(alignment);
    stream.write(tensor, file);
  }
  file.pad_to(alignment);
  file.commit();
}

}  // namespace adze::formats
