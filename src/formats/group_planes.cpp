#include "formats/group_planes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::formats {
namespace {

using codecs::GroupLayout;
using codecs::GroupOffset;

void gather(std::span<const std::byte> blocks, int64_t block_bytes, Plane plane, std::byte* array) {
  for (size_t at = 0; at < blocks.size(); at += static_cast<size_t>(block_bytes), array += plane.bytes) {
    std::memcpy(array, blocks.data() + at + plane.begin, static_cast<size_t>(plane.bytes));
  }
}

/// Scales and offsets of a tensor, kept from when its codes were read until they are read themselves.
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
    offsets_ = {};
    is_kept_ = {};
  }
  std::string where() const { return tensor_.source->where(); }

 private:
  std::vector<std::byte>& kept_plane(Plane plane) { return plane.begin == 0 ? scales_ : offsets_; }

  // Threads read different rows.
  void keep(std::span<const std::byte> blocks, int64_t first, int64_t count) {
    const int64_t blocks_per_row = tensor_.shape.row_length() / layout_.group;
    {
      const std::lock_guard lock(mutex_);
      const auto rows = static_cast<size_t>(tensor_.shape.row_count());
      if (is_kept_.empty()) {
        is_kept_.assign(rows, 0);
        scales_.resize(rows * static_cast<size_t>(blocks_per_row * layout_.scale_bytes()));
        offsets_.resize(rows * static_cast<size_t>(blocks_per_row * layout_.offset_bytes()));
      }
    }
    const int64_t first_block = first * blocks_per_row;
    gather(blocks, layout_.block_bytes(), scale_plane(layout_), scales_.data() + first_block * layout_.scale_bytes());
    if (layout_.offset_bytes() > 0) {
      gather(blocks, layout_.block_bytes(), offset_plane(layout_),
             offsets_.data() + first_block * layout_.offset_bytes());
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
  std::vector<std::byte> scales_, offsets_;
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

StorageType offset_storage(const GroupLayout& layout) {
  return layout.offset == GroupOffset::zero_point ? &codecs::u8.info : scale_storage(layout);
}

class JoinedRows final : public model::TensorSource {
 public:
  JoinedRows(GroupPlanes planes, const GroupLayout& layout, int64_t row_bytes)
      : planes_(std::move(planes)), layout_(layout), row_bytes_(row_bytes) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    scratch.resize(static_cast<size_t>(count * row_bytes_));
    put(planes_.codes, code_plane(layout_), first, count, scratch);
    put(planes_.scales, scale_plane(layout_), first, count, scratch);
    if (planes_.offsets) put(*planes_.offsets, offset_plane(layout_), first, count, scratch);
    return scratch;
  }
  void release(int64_t first, int64_t count) const override {
    planes_.codes.source->release(first, count);
    planes_.scales.source->release(first, count);
    if (planes_.offsets) planes_.offsets->source->release(first, count);
  }
  std::string where() const override { return planes_.codes.source->where(); }

 private:
  void put(const model::Tensor& part, Plane plane, int64_t first, int64_t count, std::vector<std::byte>& blocks) const {
    std::vector<std::byte> own;
    const auto bytes = part.source->rows(first, count, own);
    const auto step = static_cast<size_t>(plane.bytes);
    std::byte* to = blocks.data() + plane.begin;
    for (size_t at = 0; at + step <= bytes.size(); at += step, to += layout_.block_bytes()) {
      std::memcpy(to, bytes.data() + at, step);
    }
  }

  const GroupPlanes planes_;
  const GroupLayout layout_;
  const int64_t row_bytes_;
};

}  // namespace

Plane scale_plane(const GroupLayout& layout) { return {0, layout.scale_bytes()}; }
Plane offset_plane(const GroupLayout& layout) { return {layout.scale_bytes(), layout.offset_bytes()}; }
Plane code_plane(const GroupLayout& layout) {
  return {layout.scale_bytes() + layout.offset_bytes(), layout.code_bytes()};
}

Shape with_row_length(const Shape& shape, int64_t length) {
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
  dims.back() = length;
  return Shape(std::move(dims));
}

model::Tensor joined_planes(std::string name, const GroupPlanes& planes, const GroupLayout& layout) {
  const Shape &codes = planes.codes.shape, &scales = planes.scales.shape;
  const auto fits = [&](const model::Tensor& part, Plane plane) {
    const int64_t groups = part.storage->block_bytes * part.shape.row_length() / plane.bytes;
    return part.shape.rank() == 2 && part.shape[0] == codes[0] && groups == scales.row_length();
  };
  const bool good = codes.rank() == 2 && planes.scales.storage == scale_storage(layout) &&
                    fits(planes.scales, scale_plane(layout)) && fits(planes.codes, code_plane(layout)) &&
                    planes.offsets.has_value() == (layout.offset_bytes() > 0) &&
                    (!planes.offsets || fits(*planes.offsets, offset_plane(layout)));
  if (!good) {
    fail(ErrorCode::bad_input, "'{}': codes {} with scales {} {} are no matrix of {}", name, codes.to_string(),
         planes.scales.storage->name, scales.to_string(), codecs::group_codec_name(layout));
  }
  const StorageType storage = &codecs::group_codec(layout).info;
  const Shape shape{codes[0], scales.row_length() * layout.group};
  auto source = std::make_shared<JoinedRows>(planes, layout, row_bytes(*storage, shape.row_length()));
  return {std::move(name), shape, storage, std::move(source)};
}

GroupPlanes split_planes(const model::Tensor& tensor) {
  const GroupLayout& layout = *codecs::group_layout_of(tensor.storage);
  const int64_t groups = tensor.shape.row_length() / layout.group;
  const auto split = std::make_shared<SplitRows>(tensor, layout);
  const auto part = [&](int64_t length, StorageType storage, Plane plane) {
    return model::Tensor{tensor.name, with_row_length(tensor.shape, length), storage,
                         std::make_shared<PlaneRows>(split, plane)};
  };
  GroupPlanes planes{part(groups * layout.code_bytes(), &codecs::u8.info, code_plane(layout)),
                     part(groups, scale_storage(layout), scale_plane(layout)), std::nullopt};
  if (layout.offset_bytes() > 0) planes.offsets = part(groups, offset_storage(layout), offset_plane(layout));
  return planes;
}

std::vector<StorageType> types_of_planes(std::span<const int> bits) {
  std::vector<StorageType> types;
  for (const int width : bits) {
    for (const int64_t group : {int64_t{16}, int64_t{32}, int64_t{64}, int64_t{128}}) {
      for (const auto offset : {GroupOffset::none, GroupOffset::zero_point, GroupOffset::offset}) {
        const codecs::GroupLayout layout{codecs::GroupLevels::integers, offset, codecs::GroupScale::float32, width,
                                         group};
        types.push_back(&codecs::group_codec(layout).info);
      }
    }
  }
  std::ranges::stable_sort(types, {}, [](StorageType type) { return type->bits_per_weight(); });
  return types;
}

int64_t kept_plane_bytes(const model::TensorList& tensors) {
  int64_t most = 0;
  for (const auto& tensor : tensors) {
    const auto* layout = codecs::group_layout_of(tensor.storage);
    if (!layout) continue;
    const int64_t groups = tensor.shape.element_count() / layout->group;
    most = std::max(most, groups * (layout->scale_bytes() + layout->offset_bytes()));
  }
  return most;
}

}  // namespace adze::formats
