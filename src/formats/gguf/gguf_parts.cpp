#include "formats/gguf/gguf_parts.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/checked_math.h"
#include "base/error.h"
#include "formats/gguf/complete_for_gguf.h"
#include "formats/gguf/ggml_types.h"
#include "formats/gguf/gguf_header.h"
#include "formats/gguf/model_keys.h"
#include "formats/gguf/remembered_storage.h"
#include "formats/gguf/split_files.h"
#include "formats/gguf/value_types.h"

namespace adze::formats {
namespace {

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
  uint64_t size() const { return bytes_.size(); }
  std::string take() { return std::move(bytes_); }

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
  if (tensor.shape.rank() > kGgufMaxDims) {
    fail(ErrorCode::unsupported, "tensor '{}' {}: GGUF holds at most {} dimensions", tensor.name,
         tensor.shape.to_string(), kGgufMaxDims);
  }
  return *type;
}

void put_tensor_info(HeaderBytes& out, const model::Tensor& tensor, uint64_t offset) {
  const uint32_t type = checked_ggml_type(tensor);
  out.string(tensor.name);
  out.number(static_cast<uint32_t>(tensor.shape.rank()));
  for (size_t axis = tensor.shape.rank(); axis > 0; --axis) out.number(static_cast<uint64_t>(tensor.shape[axis - 1]));
  out.number(type);
  out.number(offset);
}

void put_start(HeaderBytes& out, size_t tensors, const model::KeyValues& keys) {
  out.number(kGgufMagic);
  out.number(kGgufVersion);
  out.number<uint64_t>(tensors);
  out.number<uint64_t>(keys.size());
  for (const auto& [key, value] : keys) {
    out.string(key);
    std::visit(PutValue{out}, value);
  }
}

uint64_t padded_bytes(const model::Tensor& tensor, uint64_t alignment) {
  return checked_align(static_cast<uint64_t>(tensor.byte_size()), alignment).value();
}

GgufPart finished_part(std::string path, std::vector<const model::Tensor*> tensors, const model::KeyValues& keys) {
  HeaderBytes out;
  put_start(out, tensors.size(), keys);
  const uint64_t alignment = gguf_alignment(keys);
  uint64_t offset = 0;
  for (const auto* tensor : tensors) {
    put_tensor_info(out, *tensor, offset);
    offset += padded_bytes(*tensor, alignment);
  }
  const uint64_t bytes = checked_align(out.size(), alignment).value() + offset;
  return {std::move(path), std::move(tensors), out.take(), alignment, bytes};
}

/// The keys of one of several files: the first has those of the model.
model::KeyValues keys_of_part(const model::KeyValues& all, size_t part, size_t parts, size_t tensors) {
  model::KeyValues keys;
  if (part == 0) {
    keys = all;
  } else if (const auto alignment = all.find_int("general.alignment")) {
    keys.set("general.alignment", static_cast<uint32_t>(*alignment));
  }
  keys.set(kSplitNumber, static_cast<uint16_t>(part));
  keys.set(kSplitCount, static_cast<uint16_t>(parts));
  keys.set(kSplitTensorCount, static_cast<int32_t>(tensors));
  return keys;
}

/// Adds up the size that a part would have.
class PartSize {
 public:
  PartSize(const model::KeyValues& all, size_t part) : alignment_(gguf_alignment(all)) {
    HeaderBytes out;
    put_start(out, 0, keys_of_part(all, part, 1, 0));
    header_ = out.size();
  }
  void add(const model::Tensor& tensor) {
    HeaderBytes out;
    put_tensor_info(out, tensor, 0);
    header_ += out.size();
    tensors_ += padded_bytes(tensor, alignment_);
  }
  uint64_t bytes() const { return checked_align(header_, alignment_).value() + tensors_; }

 private:
  uint64_t alignment_;
  uint64_t header_ = 0;
  uint64_t tensors_ = 0;
};

using TensorGroups = std::vector<std::vector<const model::Tensor*>>;

TensorGroups groups_of_counts(const model::TensorList& tensors, const std::vector<size_t>& counts) {
  TensorGroups groups(1);
  for (const auto& tensor : tensors) {
    if (groups.size() < counts.size() && groups.back().size() >= counts[groups.size() - 1]) groups.emplace_back();
    groups.back().push_back(&tensor);
  }
  return groups;
}

/// As many tensors in a part as fit; one at least.
TensorGroups groups_within(const model::TensorList& tensors, const model::KeyValues& keys,
                           const WriteOptions& options) {
  const uint64_t most_bytes = options.max_shard_bytes ? options.max_shard_bytes : std::numeric_limits<uint64_t>::max();
  const size_t most_tensors = options.max_shard_tensors ? options.max_shard_tensors : tensors.size();
  TensorGroups groups(1);
  PartSize size(keys, 0);
  const PartSize empty_part(keys, 1);
  for (const auto& tensor : tensors) {
    PartSize larger = size;
    larger.add(tensor);
    const auto count = groups.back().size();
    if (count > 0 && (count == most_tensors || larger.bytes() > most_bytes)) {
      groups.emplace_back();
      larger = empty_part;
      larger.add(tensor);
    }
    groups.back().push_back(&tensor);
    size = larger;
  }
  return groups;
}

constexpr size_t kMaxParts = 65535;  // split.count has 16 bits

model::KeyValues keys_of(const model::Model& model) {
  if (!model.key_order.empty()) return collect_keys(model);  // it was a GGUF file: nothing is added
  model::Model complete = model;
  complete_for_gguf(complete);
  remember_storage(complete);
  return collect_keys(complete);
}

}  // namespace

std::vector<GgufPart> plan_gguf_parts(const model::Model& model, const std::string& path, const WriteOptions& options) {
  const auto keys = keys_of(model);
  const auto& counts = options.tensors_per_shard;
  auto groups = counts.empty() ? groups_within(model.tensors, keys, options) : groups_of_counts(model.tensors, counts);
  if (groups.size() > kMaxParts) {
    fail(ErrorCode::bad_input, "{}: would become {} files, at most {} are possible; choose a larger size", path,
         groups.size(), kMaxParts);
  }
  std::vector<GgufPart> parts;
  if (groups.size() == 1 && !options.number_single_shard) {
    parts.push_back(finished_part(path, std::move(groups.front()), keys));
    return parts;
  }
  const auto name = split_name_for(path, static_cast<int>(groups.size()));
  for (size_t i = 0; i < groups.size(); ++i) {
    parts.push_back(finished_part(name.path_of(static_cast<int>(i) + 1), std::move(groups[i]),
                                  keys_of_part(keys, i, groups.size(), model.tensors.size())));
  }
  return parts;
}

}  // namespace adze::formats
