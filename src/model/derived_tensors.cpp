#include "model/derived_tensors.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::model {
namespace {

class StackedRows final : public TensorSource {
 public:
  StackedRows(std::vector<std::shared_ptr<const TensorSource>> parts, int64_t part_rows, size_t row_bytes)
      : parts_(std::move(parts)), part_rows_(part_rows), row_bytes_(row_bytes) {}

  // Always a copy: rows of different parts do not follow each other, and readers take what is in place for contiguous.
  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    scratch.resize(static_cast<size_t>(count) * row_bytes_);
    std::vector<std::byte> own;
    std::byte* to = scratch.data();
    for (int64_t row = first; row < first + count;) {
      const int64_t within = row % part_rows_;
      const int64_t together = std::min(part_rows_ - within, first + count - row);
      const auto bytes = part(row).rows(within, together, own);
      std::memcpy(to, bytes.data(), bytes.size());
      to += bytes.size();
      row += together;
    }
    return scratch;
  }
  void release(int64_t first, int64_t count) const override {
    for (int64_t row = first; row < first + count;) {
      const int64_t within = row % part_rows_;
      const int64_t together = std::min(part_rows_ - within, first + count - row);
      part(row).release(within, together);
      row += together;
    }
  }
  std::string where() const override { return parts_.front()->where() + " (first of a stack)"; }

 private:
  const TensorSource& part(int64_t row) const { return *parts_[static_cast<size_t>(row / part_rows_)]; }

  std::vector<std::shared_ptr<const TensorSource>> parts_;
  int64_t part_rows_;
  size_t row_bytes_;
};

class RowRange final : public TensorSource {
 public:
  RowRange(std::shared_ptr<const TensorSource> source, int64_t first) : source_(std::move(source)), first_(first) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    return source_->rows(first_ + first, count, scratch);
  }
  void release(int64_t first, int64_t count) const override { source_->release(first_ + first, count); }
  std::string where() const override { return fmt::format("{} from row {}", source_->where(), first_); }

 private:
  std::shared_ptr<const TensorSource> source_;
  int64_t first_;
};

class TransposedRows final : public TensorSource {
 public:
  TransposedRows(std::shared_ptr<const TensorSource> source, int64_t source_rows, size_t width)
      : source_(std::move(source)), source_rows_(source_rows), width_(width) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const size_t row_bytes = static_cast<size_t>(source_rows_) * width_;
    scratch.resize(static_cast<size_t>(count) * row_bytes);
    std::vector<std::byte> own;
    for (int64_t column = 0; column < source_rows_; ++column) {
      const std::byte* from = source_->rows(column, 1, own).data() + static_cast<size_t>(first) * width_;
      std::byte* to = scratch.data() + static_cast<size_t>(column) * width_;
      for (int64_t row = 0; row < count; ++row) {
        std::memcpy(to + static_cast<size_t>(row) * row_bytes, from + static_cast<size_t>(row) * width_, width_);
      }
    }
    return scratch;
  }
  std::string where() const override { return source_->where() + " (transposed)"; }

 private:
  std::shared_ptr<const TensorSource> source_;
  int64_t source_rows_;
  size_t width_;  // of a number in bytes
};

class DecodedRows final : public TensorSource {
 public:
  explicit DecodedRows(const Tensor& tensor)
      : source_(tensor.source), codec_(codecs::codec_of(tensor.storage)), row_length_(tensor.shape.row_length()) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    std::vector<std::byte> own;
    const auto packed = source_->rows(first, count, own);
    std::vector<float> values(static_cast<size_t>(count * row_length_));
    codec_.decode(packed.data(), values.data(), count * row_length_);
    scratch.resize(values.size() * sizeof(float));
    std::memcpy(scratch.data(), values.data(), scratch.size());
    return scratch;
  }
  void release(int64_t first, int64_t count) const override { source_->release(first, count); }
  std::string where() const override { return source_->where(); }

 private:
  std::shared_ptr<const TensorSource> source_;
  const codecs::Codec& codec_;
  int64_t row_length_;
};

}  // namespace

Tensor as_floats(Tensor tensor) {
  if (tensor.storage->is_plain()) return tensor;
  auto source = std::make_shared<DecodedRows>(tensor);
  return {std::move(tensor.name), std::move(tensor.shape), &codecs::f32.info, std::move(source)};
}

Tensor stacked(std::string name, std::vector<Tensor> parts) {
  const Tensor& first = parts.front();
  std::vector<std::shared_ptr<const TensorSource>> sources;
  for (const Tensor& part : parts) {
    if (part.shape != first.shape || part.storage != first.storage) {
      fail(ErrorCode::bad_input, "{}: '{}' {} {} cannot be stacked with '{}' {} {}", part.source->where(), part.name,
           part.storage->name, part.shape.to_string(), first.name, first.storage->name, first.shape.to_string());
    }
    sources.push_back(part.source);
  }
  std::vector<int64_t> dims{static_cast<int64_t>(parts.size())};
  dims.insert(dims.end(), first.shape.dims().begin(), first.shape.dims().end());
  auto source = std::make_shared<StackedRows>(std::move(sources), first.shape.row_count(),
                                              static_cast<size_t>(first.row_bytes()));
  return {std::move(name), Shape(std::move(dims)), first.storage, std::move(source), first.stored_before};
}

Tensor part_of(const Tensor& tensor, int64_t index, std::string name) {
  const auto dims = tensor.shape.dims();
  const Shape shape(std::vector<int64_t>(dims.begin() + 1, dims.end()));
  auto source = std::make_shared<RowRange>(tensor.source, index * shape.row_count());
  return {std::move(name), shape, tensor.storage, std::move(source), tensor.stored_before};
}

Tensor without_first_rows(const Tensor& tensor, int64_t count) {
  auto source = std::make_shared<RowRange>(tensor.source, count);
  return {tensor.name, Shape{tensor.shape[0] - count, tensor.shape[1]}, tensor.storage, std::move(source)};
}

Tensor with_zero_rows_before(const Tensor& tensor, int64_t count) {
  constexpr int64_t kMostRows = 4096;
  if (tensor.shape.rank() != 2 || count < 0 || count > kMostRows) {
    fail(ErrorCode::bad_input, "{}: tensor '{}' {} cannot get {} rows in front (at most {})", tensor.source->where(),
         tensor.name, tensor.shape.to_string(), count, kMostRows);
  }
  std::vector<std::byte> scratch;
  const auto rows = tensor.source->rows(0, tensor.shape[0], scratch);
  std::vector<std::byte> bytes(static_cast<size_t>(count * tensor.row_bytes()));
  bytes.insert(bytes.end(), rows.begin(), rows.end());
  return owned_tensor(tensor.name, Shape{count + tensor.shape[0], tensor.shape[1]}, tensor.storage, std::move(bytes));
}

Tensor matrices_transposed(const Tensor& tensor) {
  if (tensor.shape.rank() != 3 || tensor.shape[0] < 1) {
    fail(ErrorCode::bad_input, "{}: tensor '{}' {} is no stack of matrices", tensor.source->where(), tensor.name,
         tensor.shape.to_string());
  }
  std::vector<Tensor> parts;
  for (int64_t part = 0; part < tensor.shape[0]; ++part) {
    parts.push_back(transposed(part_of(tensor, part, tensor.name)));
  }
  return stacked(tensor.name, std::move(parts));
}

Tensor transposed(Tensor tensor) {
  if (!tensor.storage->is_plain() || tensor.shape.rank() != 2) {
    fail(ErrorCode::unsupported, "{}: tensor '{}' {} {} cannot be transposed", tensor.source->where(), tensor.name,
         tensor.storage->name, tensor.shape.to_string());
  }
  auto source = std::make_shared<TransposedRows>(tensor.source, tensor.shape[0], tensor.storage->block_bytes);
  return {std::move(tensor.name), Shape{tensor.shape[1], tensor.shape[0]}, tensor.storage, std::move(source)};
}

}  // namespace adze::model
