#include "formats/mlx/group_arrays.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"
#include "formats/safetensors/dtypes.h"

namespace adze::formats {
namespace {

using codecs::GroupLayout;

constexpr int64_t kWordBits = 32;

/// Where an array's part lies in a block.
struct Plane {
  int64_t begin;
  int64_t bytes;
};

Plane scale_plane(const GroupLayout& layout) { return {0, layout.scale_bytes()}; }
Plane bias_plane(const GroupLayout& layout) { return {layout.scale_bytes(), layout.offset_bytes()}; }
Plane code_plane(const GroupLayout& layout) {
  return {layout.scale_bytes() + layout.offset_bytes(), layout.code_bytes()};
}

void scatter(std::span<const std::byte> array, Plane plane, int64_t block_bytes, std::byte* blocks) {
  for (size_t at = 0; at < array.size(); at += static_cast<size_t>(plane.bytes), blocks += block_bytes) {
    std::memcpy(blocks + plane.begin, array.data() + at, static_cast<size_t>(plane.bytes));
  }
}

void gather(std::span<const std::byte> blocks, int64_t block_bytes, Plane plane, std::byte* array) {
  for (size_t at = 0; at < blocks.size(); at += static_cast<size_t>(block_bytes), array += plane.bytes) {
    std::memcpy(array, blocks.data() + at + plane.begin, static_cast<size_t>(plane.bytes));
  }
}

class JoinedRows final : public model::TensorSource {
 public:
  JoinedRows(GroupArrays arrays, const GroupLayout& layout, int64_t row_bytes)
      : arrays_(std::move(arrays)), layout_(layout), row_bytes_(row_bytes) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    scratch.resize(static_cast<size_t>(count * row_bytes_));
    std::vector<std::byte> own;
    const int64_t block = layout_.block_bytes();
    scatter(arrays_.codes.source->rows(first, count, own), code_plane(layout_), block, scratch.data());
    scatter(arrays_.scales.source->rows(first, count, own), scale_plane(layout_), block, scratch.data());
    if (arrays_.biases) {
      scatter(arrays_.biases->source->rows(first, count, own), bias_plane(layout_), block, scratch.data());
    }
    return scratch;
  }
  void release(int64_t first, int64_t count) const override {
    arrays_.codes.source->release(first, count);
    arrays_.scales.source->release(first, count);
    if (arrays_.biases) arrays_.biases->source->release(first, count);
  }
  std::string where() const override { return arrays_.codes.source->where(); }

 private:
  const GroupArrays arrays_;
  const GroupLayout layout_;
  const int64_t row_bytes_;
};

bool same_leading_dims(const Shape& a, const Shape& b) {
  return a.rank() == b.rank() && std::equal(a.dims().begin(), a.dims().end() - 1, b.dims().begin());
}

/// The numbers in a row, checked against both arrays.
int64_t checked_columns(const GroupArrays& arrays, const GroupLayout& layout) {
  const auto& codes = arrays.codes.shape;
  const auto& scales = arrays.scales.shape;
  const bool has_rows = codes.rank() >= 2 && same_leading_dims(codes, scales);
  const auto where = [&] { return fmt::format("{}: '{}'", arrays.codes.source->where(), arrays.codes.name); };
  // Both lengths are below 2^60, and so are their products with a few bits only if the array is in the file.
  if (!has_rows || scales.row_length() > (int64_t{1} << 40) ||
      codes.row_length() * kWordBits != scales.row_length() * layout.group * layout.bits) {
    fail(ErrorCode::bad_input, "{} {} does not fit its scales {} with {} bits and groups of {}", where(),
         codes.to_string(), scales.to_string(), layout.bits, layout.group);
  }
  const bool wants_biases = layout.offset_bytes() > 0;
  if (wants_biases != arrays.biases.has_value()) {
    fail(ErrorCode::bad_input, "{} {}", where(),
         wants_biases ? "has scales but no biases" : "has biases, but none in its mode");
  }
  if (arrays.biases && (arrays.biases->shape != scales || arrays.biases->storage != arrays.scales.storage)) {
    fail(ErrorCode::bad_input, "{}: biases {} {} do not fit scales {} {}", where(), arrays.biases->storage->name,
         arrays.biases->shape.to_string(), arrays.scales.storage->name, scales.to_string());
  }
  return scales.row_length() * layout.group;
}

Shape with_row_length(const Shape& shape, int64_t length) {
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
  dims.back() = length;
  return Shape(std::move(dims));
}

// ---- apart

/// Scales and biases of a tensor, kept from when its codes were read until they are read themselves.
class SplitRows {
 public:
  SplitRows(model::Tensor tensor, const GroupLayout& layout) : tensor_(std::move(tensor)), layout_(layout) {}

  std::span<const std::byte> rows(Plane plane, int64_t first, int64_t count, std::vector<std::byte>& scratch) {
    const int64_t blocks_per_row = tensor_.shape.row_length() / layout_.group;
    const int64_t row_bytes = blocks_per_row * plane.bytes;
    scratch.resize(static_cast<size_t>(count * row_bytes));
    if (plane.begin != code_plane(layout_).begin && kept_all(first, count)) {
      const auto& kept = kept_plane(plane);
      std::memcpy(scratch.data(), kept.data() + first * row_bytes, scratch.size());
      return scratch;
    }
    std::vector<std::byte> own;
    const auto blocks = tensor_.source->rows(first, count, own);
    gather(blocks, layout_.block_bytes(), plane, scratch.data());
    if (plane.begin == code_plane(layout_).begin) keep(blocks, first, count);
    return scratch;
  }
  void release(Plane plane, int64_t first, int64_t count) {
    tensor_.source->release(first, count);
    const bool is_last = plane.begin + plane.bytes == code_plane(layout_).begin;
    if (!is_last || count < tensor_.shape.row_count()) return;
    const std::lock_guard lock(mutex_);
    scales_ = {};
    biases_ = {};
    is_kept_ = {};
  }
  std::string where() const { return tensor_.source->where(); }

 private:
  std::vector<std::byte>& kept_plane(Plane plane) { return plane.begin == 0 ? scales_ : biases_; }

  // Threads read different rows.
  void keep(std::span<const std::byte> blocks, int64_t first, int64_t count) {
    const int64_t blocks_per_row = tensor_.shape.row_length() / layout_.group;
    {
      const std::lock_guard lock(mutex_);
      const auto rows = static_cast<size_t>(tensor_.shape.row_count());
      if (is_kept_.empty()) {
        is_kept_.assign(rows, 0);
        scales_.resize(rows * static_cast<size_t>(blocks_per_row * layout_.scale_bytes()));
        biases_.resize(rows * static_cast<size_t>(blocks_per_row * layout_.offset_bytes()));
      }
    }
    const int64_t first_block = first * blocks_per_row;
    gather(blocks, layout_.block_bytes(), scale_plane(layout_), scales_.data() + first_block * layout_.scale_bytes());
    if (layout_.offset_bytes() > 0) {
      gather(blocks, layout_.block_bytes(), bias_plane(layout_), biases_.data() + first_block * layout_.offset_bytes());
    }
    const std::lock_guard lock(mutex_);
    std::fill_n(is_kept_.begin() + first, count, uint8_t{1});
  }
  bool kept_all(int64_t first, int64_t count) {
    const std::lock_guard lock(mutex_);
    return !is_kept_.empty() && std::all_of(is_kept_.begin() + first, is_kept_.begin() + first + count,
                                            [](uint8_t kept) { return kept != 0; });
  }

  const model::Tensor tensor_;
  const GroupLayout layout_;
  std::mutex mutex_;
  std::vector<std::byte> scales_, biases_;
  std::vector<uint8_t> is_kept_;  // by row
};

class PlaneRows final : public model::TensorSource {
 public:
  PlaneRows(std::shared_ptr<SplitRows> split, Plane plane) : split_(std::move(split)), plane_(plane) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    return split_->rows(plane_, first, count, scratch);
  }
  void release(int64_t first, int64_t count) const override { split_->release(plane_, first, count); }
  std::string where() const override { return split_->where(); }

 private:
  const std::shared_ptr<SplitRows> split_;
  const Plane plane_;
};

StorageType scale_storage(const GroupLayout& layout) {
  const std::array kStorages = {&codecs::f16.info, &codecs::bf16.info, &codecs::f32.info, &codecs::u8.info,
                                &codecs::u8.info};
  return kStorages[static_cast<size_t>(layout.scale)];
}

}  // namespace

model::Tensor joined_arrays(const GroupArrays& arrays, StorageType storage) {
  const GroupLayout& layout = *codecs::group_layout_of(storage);
  const int64_t columns = checked_columns(arrays, layout);
  Shape shape = with_row_length(arrays.codes.shape, columns);
  checked_tensor_bytes(*storage, shape, arrays.codes.name);
  auto source = std::make_shared<JoinedRows>(arrays, layout, row_bytes(*storage, columns));
  return {arrays.codes.name, std::move(shape), storage, std::move(source)};
}

std::vector<model::Tensor> split_arrays(const model::Tensor& tensor) {
  constexpr std::string_view kWeight = ".weight";
  const GroupLayout& layout = *codecs::group_layout_of(tensor.storage);
  const int64_t columns = tensor.shape.row_length();
  if (columns * layout.bits % kWordBits != 0 || !tensor.name.ends_with(kWeight)) {
    fail(ErrorCode::unsupported, "tensor '{}' {}: MLX holds quantized weights whose rows fill 32-bit words",
         tensor.name, tensor.shape.to_string());
  }
  const auto split = std::make_shared<SplitRows>(tensor, layout);
  const std::string module = tensor.name.substr(0, tensor.name.size() - kWeight.size());
  const auto part = [&](const char* name, int64_t length, StorageType storage, Plane plane) {
    return model::Tensor{module + name, with_row_length(tensor.shape, length), storage,
                         std::make_shared<PlaneRows>(split, plane)};
  };
  std::vector<model::Tensor> arrays;
  arrays.push_back(part(".weight", columns * layout.bits / kWordBits, storage_of_dtype("U32"), code_plane(layout)));
  arrays.push_back(part(".scales", columns / layout.group, scale_storage(layout), scale_plane(layout)));
  if (layout.offset_bytes() > 0) {
    arrays.push_back(part(".biases", columns / layout.group, scale_storage(layout), bias_plane(layout)));
  }
  return arrays;
}

}  // namespace adze::formats
