#include "model/alternating_rows.h"

#include <array>
#include <cstring>

#include "base/error.h"

namespace adze::model {
namespace {

constexpr size_t kMatrices = 3, kVectors = 2;  // ranks

class SecondRows final : public TensorSource {
 public:
  SecondRows(std::shared_ptr<const TensorSource> source, int64_t first, size_t row_bytes)
      : source_(std::move(source)), first_(first), row_bytes_(row_bytes) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    scratch.resize(static_cast<size_t>(count) * row_bytes_);
    std::vector<std::byte> own;
    for (int64_t i = 0; i < count; ++i) {
      const auto row = source_->rows(2 * (first + i) + first_, 1, own);
      std::memcpy(scratch.data() + static_cast<size_t>(i) * row_bytes_, row.data(), row_bytes_);
    }
    return scratch;
  }
  // The rows between them are another tensor's, which may be read later.
  void release(int64_t first, int64_t count) const override {
    if (first_ == 1) source_->release(2 * first, 2 * count);
  }
  std::string where() const override { return source_->where() + " (every second row)"; }

 private:
  std::shared_ptr<const TensorSource> source_;
  int64_t first_;
  size_t row_bytes_;
};

class RowsInTurns final : public TensorSource {
 public:
  RowsInTurns(std::shared_ptr<const TensorSource> even, std::shared_ptr<const TensorSource> odd, size_t row_bytes)
      : sources_{std::move(even), std::move(odd)}, row_bytes_(row_bytes) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    scratch.resize(static_cast<size_t>(count) * row_bytes_);
    std::vector<std::byte> own;
    for (int64_t row = first; row < first + count; ++row) {
      const auto bytes = sources_[static_cast<size_t>(row % 2)]->rows(row / 2, 1, own);
      std::memcpy(scratch.data() + static_cast<size_t>(row - first) * row_bytes_, bytes.data(), row_bytes_);
    }
    return scratch;
  }
  void release(int64_t first, int64_t count) const override {
    for (const auto& source : sources_) source->release(first / 2, count / 2);
  }
  std::string where() const override { return sources_[0]->where() + " (first of two)"; }

 private:
  std::array<std::shared_ptr<const TensorSource>, 2> sources_;
  size_t row_bytes_;
};

Shape with_size(const Shape& shape, size_t axis, int64_t size) {
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
  dims[axis] = size;
  return Shape(std::move(dims));
}

std::vector<std::byte> all_bytes(const Tensor& tensor) {
  std::vector<std::byte> scratch;
  const auto bytes = tensor.source->rows(0, tensor.shape.row_count(), scratch);
  return {bytes.begin(), bytes.end()};
}

void require_single_numbers(const Tensor& tensor) {
  if (tensor.storage->is_plain()) return;
  fail(ErrorCode::unsupported, "{}: tensor '{}': vectors stored as {} cannot be taken apart", tensor.source->where(),
       tensor.name, tensor.storage->name);
}

// Numbers of rows of even length: number i of the result is number 2 i + first.
Tensor every_second_number(const Tensor& tensor, int64_t first, std::string name) {
  require_single_numbers(tensor);
  const size_t width = tensor.storage->block_bytes;
  const auto from = all_bytes(tensor);
  std::vector<std::byte> bytes(from.size() / 2);
  for (size_t i = 0; i < bytes.size() / width; ++i) {
    std::memcpy(bytes.data() + i * width, from.data() + (2 * i + static_cast<size_t>(first)) * width, width);
  }
  return owned_tensor(std::move(name), with_size(tensor.shape, 1, tensor.shape[1] / 2), tensor.storage,
                      std::move(bytes));
}

Tensor numbers_in_turns(const Tensor& even, const Tensor& odd, std::string name) {
  require_single_numbers(even);
  const size_t width = even.storage->block_bytes;
  const std::array from{all_bytes(even), all_bytes(odd)};
  std::vector<std::byte> bytes(2 * from[0].size());
  for (size_t i = 0; i < bytes.size() / width; ++i) {
    std::memcpy(bytes.data() + i * width, from[i % 2].data() + i / 2 * width, width);
  }
  return owned_tensor(std::move(name), with_size(even.shape, 1, 2 * even.shape[1]), even.storage, std::move(bytes));
}

}  // namespace

Tensor every_second(const Tensor& tensor, int64_t first, std::string name) {
  const size_t rank = tensor.shape.rank();
  if ((rank != kMatrices && rank != kVectors) || tensor.shape[1] % 2 != 0) {
    fail(ErrorCode::bad_input, "{}: tensor '{}' {} does not hold two weights in turns", tensor.source->where(),
         tensor.name, tensor.shape.to_string());
  }
  if (rank == kVectors) return every_second_number(tensor, first, std::move(name));
  auto source = std::make_shared<SecondRows>(tensor.source, first, static_cast<size_t>(tensor.row_bytes()));
  return {std::move(name), with_size(tensor.shape, 1, tensor.shape[1] / 2), tensor.storage, std::move(source),
          tensor.stored_before};
}

Tensor in_turns(const Tensor& even, const Tensor& odd, std::string name) {
  const size_t rank = even.shape.rank();
  if ((rank != kMatrices && rank != kVectors) || even.shape != odd.shape || even.storage != odd.storage) {
    fail(ErrorCode::bad_input, "{}: '{}' {} {} and '{}' {} {} cannot take turns", even.source->where(), even.name,
         even.storage->name, even.shape.to_string(), odd.name, odd.storage->name, odd.shape.to_string());
  }
  if (rank == kVectors) return numbers_in_turns(even, odd, std::move(name));
  auto source = std::make_shared<RowsInTurns>(even.source, odd.source, static_cast<size_t>(even.row_bytes()));
  return {std::move(name), with_size(even.shape, 1, 2 * even.shape[1]), even.storage, std::move(source),
          even.stored_before};
}

}  // namespace adze::model
