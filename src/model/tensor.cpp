#include "model/tensor.h"

#include <fmt/core.h>

#include <cstring>

#include "base/checked_math.h"
#include "base/error.h"
#include "codecs/codec.h"

namespace adze::model {
namespace {

// From this many bytes on, a look whether the file still has them costs nothing.
constexpr size_t kWorthChecking = size_t{1} << 16;

class MappedRows final : public TensorSource {
 public:
  MappedRows(std::shared_ptr<const MappedFile> file, size_t offset, size_t row_bytes)
      : file_(std::move(file)), offset_(offset), row_bytes_(row_bytes) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>&) const override {
    const size_t bytes = static_cast<size_t>(count) * row_bytes_;
    if (bytes >= kWorthChecking) file_->check_size();
    return file_->bytes().subspan(offset_ + static_cast<size_t>(first) * row_bytes_, bytes);
  }
  void release(int64_t first, int64_t count) const override {
    file_->drop_pages(offset_ + static_cast<size_t>(first) * row_bytes_, static_cast<size_t>(count) * row_bytes_);
  }
  std::string where() const override { return fmt::format("{} at byte {}", file_->path(), offset_); }

 private:
  std::shared_ptr<const MappedFile> file_;
  size_t offset_;
  size_t row_bytes_;
};

class OwnedRows final : public TensorSource {
 public:
  OwnedRows(std::vector<std::byte> bytes, size_t row_bytes) : bytes_(std::move(bytes)), row_bytes_(row_bytes) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>&) const override {
    return std::span(bytes_).subspan(static_cast<size_t>(first) * row_bytes_, static_cast<size_t>(count) * row_bytes_);
  }
  std::string where() const override { return "memory"; }

 private:
  std::vector<std::byte> bytes_;
  size_t row_bytes_;
};

class PermutedRows final : public TensorSource {
 public:
  PermutedRows(std::shared_ptr<const TensorSource> source, size_t row_bytes, std::function<int64_t(int64_t)> source_row)
      : source_(std::move(source)), row_bytes_(row_bytes), source_row_(std::move(source_row)) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    scratch.resize(static_cast<size_t>(count) * row_bytes_);
    std::vector<std::byte> one_row;
    for (int64_t i = 0; i < count; ++i) {
      const auto row = source_->rows(source_row_(first + i), 1, one_row);
      std::memcpy(scratch.data() + static_cast<size_t>(i) * row_bytes_, row.data(), row_bytes_);
    }
    return scratch;
  }
  // The same range of the source: a permutation moves rows within heads, so this is right but for a few at the ends,
  // and pages that were dropped too early are read again.
  void release(int64_t first, int64_t count) const override { source_->release(first, count); }
  std::string where() const override { return source_->where() + " (rows permuted)"; }

 private:
  std::shared_ptr<const TensorSource> source_;
  size_t row_bytes_;
  std::function<int64_t(int64_t)> source_row_;
};

}  // namespace

Tensor mapped_tensor(std::string name, Shape shape, StorageType storage, std::shared_ptr<const MappedFile> file,
                     uint64_t offset) {
  const auto where = fmt::format("{}: tensor '{}'", file->path(), name);
  const auto size = static_cast<uint64_t>(checked_tensor_bytes(*storage, shape, where));
  const auto end = checked_add(offset, size);
  if (!end || *end > file->bytes().size()) {
    fail(ErrorCode::bad_input, "{} needs {} bytes at offset {}, but the file has only {}; is it complete?", where, size,
         offset, file->bytes().size());
  }
  const auto bytes_per_row = static_cast<size_t>(row_bytes(*storage, shape.row_length()));
  auto source = std::make_shared<MappedRows>(std::move(file), static_cast<size_t>(offset), bytes_per_row);
  return {std::move(name), std::move(shape), storage, std::move(source)};
}

Tensor owned_tensor(std::string name, Shape shape, StorageType storage, std::vector<std::byte> bytes) {
  const auto expected = checked_tensor_bytes(*storage, shape, name);
  if (static_cast<uint64_t>(expected) != bytes.size()) {
    fail(ErrorCode::internal, "tensor '{}' needs {} bytes, got {}", name, expected, bytes.size());
  }
  const auto bytes_per_row = static_cast<size_t>(row_bytes(*storage, shape.row_length()));
  auto source = std::make_shared<OwnedRows>(std::move(bytes), bytes_per_row);
  return {std::move(name), std::move(shape), storage, std::move(source)};
}

Tensor with_rows_permuted(Tensor tensor, std::function<int64_t(int64_t)> source_row) {
  const auto bytes_per_row = static_cast<size_t>(tensor.row_bytes());
  tensor.source = std::make_shared<PermutedRows>(std::move(tensor.source), bytes_per_row, std::move(source_row));
  return tensor;
}

Tensor renamed(Tensor tensor, std::string name) {
  tensor.name = std::move(name);
  return tensor;
}

Tensor reshaped(Tensor tensor, Shape shape) {
  if (shape.element_count() != tensor.shape.element_count() || shape.row_length() != tensor.shape.row_length()) {
    fail(ErrorCode::internal, "tensor '{}' {} cannot be seen as {}", tensor.name, tensor.shape.to_string(),
         shape.to_string());
  }
  tensor.shape = std::move(shape);
  return tensor;
}

std::vector<float> decode_all(const Tensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.shape.element_count()));
  std::vector<std::byte> scratch;
  const auto bytes = tensor.source->rows(0, tensor.shape.row_count(), scratch);
  codecs::codec_of(tensor.storage).decode(bytes.data(), values.data(), tensor.shape.element_count());
  return values;
}

}  // namespace adze::model
