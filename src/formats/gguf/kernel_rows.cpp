#include "formats/gguf/kernel_rows.h"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::formats {
namespace {

constexpr uint32_t kVersion = 1;  // of these keys
constexpr const char* kVersionKey = "adze.packed.version";
constexpr const char* kLayout = "adze.packed.layout";
constexpr const char* kLayoutVersion = "adze.packed.layout_version";
constexpr const char* kTensors = "adze.packed.tensors";
constexpr const char* kPackedTypes = "adze.packed.types";
constexpr const char* kRows = "adze.packed.rows";
constexpr const char* kRowLengths = "adze.packed.row_lengths";

class KernelRowsSource final : public model::TensorSource {
 public:
  KernelRowsSource(std::string name, const model::Tensor& packed, std::string layout, int64_t version,
                   std::shared_ptr<const model::TensorSource> plain)
      : name_(std::move(name)),
        packed_(packed.source),
        plain_(std::move(plain)),
        layout_(std::move(layout)),
        version_(version) {
    std::vector<std::byte> scratch;
    bytes_ = packed_->rows(0, packed.shape.row_count(), scratch);
    if (!scratch.empty()) fail(ErrorCode::internal, "tensor '{}' is not mapped", name_);
  }

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    if (plain_) return plain_->rows(first, count, scratch);
    fail(ErrorCode::unsupported,
         "{}: tensor '{}' is there only as fast kernels read it ({} version {}), not as rows; use the model that this "
         "one was prepared from",
         where(), name_, layout_, version_);
  }
  std::optional<model::KernelRows> kernel_rows() const override { return model::KernelRows{layout_, version_, bytes_}; }
  bool has_rows() const override { return plain_ != nullptr; }
  void release(int64_t first, int64_t count) const override {
    if (plain_) plain_->release(first, count);
  }
  std::string where() const override { return packed_->where(); }

 private:
  std::string name_;
  std::shared_ptr<const model::TensorSource> packed_;
  std::shared_ptr<const model::TensorSource> plain_;  // null: only the packed bytes are there
  std::string layout_;
  int64_t version_;
  std::span<const std::byte> bytes_;
};

// ---- keys

/// What the keys say, one entry per tensor.
struct PackedList {
  std::string layout;
  int64_t layout_version;
  std::vector<std::string> tensors;
  std::vector<std::string> types;
  std::vector<uint64_t> rows;
  std::vector<uint64_t> row_lengths;
};

template <typename Array>
Array take_array(model::KeyValues& keys, const char* key) {
  const auto* value = keys.find(key);
  const auto* array = value ? std::get_if<Array>(value) : nullptr;
  if (!array) fail(ErrorCode::bad_input, "the key '{}' is absent or of the wrong type", key);
  Array copy = *array;
  keys.erase(key);
  return copy;
}

PackedList take_list(model::KeyValues& keys) {
  const auto version = keys.require_int(kVersionKey);
  if (version != kVersion) {
    fail(ErrorCode::unsupported,
         "prepared in version {} of the format, this program reads version {}; prepare it again", version, kVersion);
  }
  PackedList list{keys.find_string(kLayout).value_or(""), keys.require_int(kLayoutVersion), {}, {}, {}, {}};
  list.tensors = take_array<std::vector<std::string>>(keys, kTensors);
  list.types = take_array<std::vector<std::string>>(keys, kPackedTypes);
  list.rows = take_array<std::vector<uint64_t>>(keys, kRows);
  list.row_lengths = take_array<std::vector<uint64_t>>(keys, kRowLengths);
  for (const char* key : {kVersionKey, kLayout, kLayoutVersion}) keys.erase(key);
  const size_t count = list.tensors.size();
  if (list.types.size() != count || list.rows.size() != count || list.row_lengths.size() != count) {
    fail(ErrorCode::bad_input, "the keys adze.packed.* have different lengths");
  }
  return list;
}

// ---- tensors

int64_t checked_dim(uint64_t dim, const std::string& where) {
  if (dim > INT64_MAX) fail(ErrorCode::bad_input, "{}: {} is no size", where, dim);
  return static_cast<int64_t>(dim);
}

// The tensor that entry `index` of the list describes, without a source.
model::Tensor described_tensor(const PackedList& list, size_t index) {
  const std::string where = fmt::format("packed tensor '{}'", list.tensors[index]);
  model::Tensor tensor;
  tensor.name = list.tensors[index];
  tensor.storage = &codecs::require_codec(list.types[index]).info;
  tensor.shape =
      checked_shape({checked_dim(list.rows[index], where), checked_dim(list.row_lengths[index], where)}, where);
  checked_tensor_bytes(*tensor.storage, tensor.shape, where);
  return tensor;
}

}  // namespace

std::string kernel_rows_name(std::string_view name) { return std::string(name) + ".packed"; }

model::KeyValues keys_of_kernel_rows(std::string_view layout, int64_t version,
                                     const std::vector<model::Tensor>& tensors) {
  std::vector<std::string> names;
  std::vector<std::string> types;
  std::vector<uint64_t> rows;
  std::vector<uint64_t> row_lengths;
  for (const auto& tensor : tensors) {
    names.push_back(tensor.name);
    types.emplace_back(tensor.storage->name);
    rows.push_back(static_cast<uint64_t>(tensor.shape.row_count()));
    row_lengths.push_back(static_cast<uint64_t>(tensor.shape.row_length()));
  }
  model::KeyValues keys;
  keys.append(kVersionKey, kVersion);
  keys.append(kLayout, std::string(layout));
  keys.append(kLayoutVersion, static_cast<uint32_t>(version));
  keys.append(kTensors, std::move(names));
  keys.append(kPackedTypes, std::move(types));
  keys.append(kRows, std::move(rows));
  keys.append(kRowLengths, std::move(row_lengths));
  return keys;
}

void bind_kernel_rows(model::KeyValues& keys, std::vector<model::Tensor>& tensors) {
  if (!keys.contains(kLayout)) return;
  const PackedList list = take_list(keys);
  std::unordered_map<std::string, size_t> places;
  for (size_t i = 0; i < tensors.size(); ++i) places.emplace(tensors[i].name, i);
  std::vector<bool> is_packed(tensors.size(), false);
  for (size_t index = 0; index < list.tensors.size(); ++index) {
    model::Tensor tensor = described_tensor(list, index);
    const auto packed = places.find(kernel_rows_name(tensor.name));
    if (packed == places.end() || is_packed[packed->second] || tensors[packed->second].storage != &codecs::i8.info) {
      fail(ErrorCode::bad_input, "the packed bytes of tensor '{}' are missing, not i8 or named twice", tensor.name);
    }
    const auto plain = places.find(tensor.name);
    const bool has_rows = plain != places.end();
    if (has_rows &&
        (tensors[plain->second].shape != tensor.shape || tensors[plain->second].storage != tensor.storage)) {
      fail(ErrorCode::bad_input, "tensor '{}' is not what the keys adze.packed.* say", tensor.name);
    }
    tensor.source =
        std::make_shared<KernelRowsSource>(tensor.name, tensors[packed->second], list.layout, list.layout_version,
                                           has_rows ? tensors[plain->second].source : nullptr);
    // Where there are rows, the tensor keeps their place; else it takes that of its packed bytes.
    is_packed[packed->second] = has_rows;
    tensors[has_rows ? plain->second : packed->second] = std::move(tensor);
  }
  std::vector<model::Tensor> kept;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (!is_packed[i]) kept.push_back(std::move(tensors[i]));
  }
  tensors = std::move(kept);
}

}  // namespace adze::formats
