#include "tensor/host_tensor.h"

#include <fmt/format.h>

#include <atomic>
#include <new>

#include "base/checked_math.h"
#include "base/error.h"
#include "base/memory_use.h"
#include "tensor/tensor_memory.h"

namespace adze {
namespace {

constexpr std::align_val_t kAlignment{64};
constexpr uint64_t kMaxElements = uint64_t{1} << 60;

std::shared_ptr<std::byte> allocate(uint64_t bytes, const HostTensor& tensor) {
  static const uint64_t limit = total_memory_bytes() / 2;
  if (limit != 0 && bytes > limit) {
    fail(ErrorCode::out_of_memory, "{} would take {} bytes, more than half of this machine's memory",
         tensor.description(), bytes);
  }
  if (TensorMemory* shared = TensorMemory::in_use()) {
    if (auto block = shared->take(bytes)) return block;
  }
  void* memory = ::operator new(bytes == 0 ? 1 : bytes, kAlignment, std::nothrow);
  if (!memory) fail(ErrorCode::out_of_memory, "{}: no memory for its {} bytes", tensor.description(), bytes);
  return {static_cast<std::byte*>(memory), [](std::byte* numbers) { ::operator delete(numbers, kAlignment); }};
}

}  // namespace

int64_t checked_element_count(std::span<const int64_t> dims) {
  uint64_t count = 1;
  bool empty = false;
  for (const int64_t dim : dims) {
    if (dim < 0) fail(ErrorCode::bad_input, "{} has a negative dimension", dims_text(dims));
    if (dim == 0) empty = true;
    const auto product = checked_multiply(count, static_cast<uint64_t>(dim == 0 ? 1 : dim));
    if (!product || *product > kMaxElements) fail(ErrorCode::bad_input, "{} is too large", dims_text(dims));
    count = *product;
  }
  return empty ? 0 : static_cast<int64_t>(count);
}

std::string dims_text(std::span<const int64_t> dims) { return fmt::format("[{}]", fmt::join(dims, ", ")); }

HostTensor::HostTensor(StorageType type, std::vector<int64_t> dims)
    : type_(type), dims_(std::move(dims)), count_(checked_element_count(dims_)), made_here_(true) {
  auto memory = allocate(static_cast<uint64_t>(count_) * type_->block_bytes, *this);
  numbers_ = memory.get();
  owner_ = std::move(memory);
}

HostTensor::HostTensor(StorageType type, std::vector<int64_t> dims, std::shared_ptr<const void> owner,
                       const std::byte* numbers)
    : type_(type),
      dims_(std::move(dims)),
      count_(checked_element_count(dims_)),
      owner_(std::move(owner)),
      numbers_(numbers) {}

HostTensor::HostTensor(std::vector<std::string> texts, std::vector<int64_t> dims)
    : dims_(std::move(dims)),
      count_(checked_element_count(dims_)),
      texts_(std::make_shared<const std::vector<std::string>>(std::move(texts))) {
  if (static_cast<size_t>(count_) != texts_->size()) {
    fail(ErrorCode::bad_input, "{} texts do not fill {}", texts_->size(), dims_text(dims_));
  }
}

HostTensor HostTensor::reshaped(std::vector<int64_t> dims) const {
  if (checked_element_count(dims) != count_) {
    fail(ErrorCode::bad_input, "{} cannot take the shape {}", description(), dims_text(dims));
  }
  HostTensor result = *this;
  result.dims_ = std::move(dims);
  return result;
}

bool HostTensor::is_only_owner() const {
  if (!made_here_ || owner_.use_count() != 1) return false;
  std::atomic_thread_fence(std::memory_order_acquire);  // after what other threads did before they let go
  return true;
}

HostTensor HostTensor::retyped(StorageType type) const {
  HostTensor result = *this;
  result.type_ = type;
  return result;
}

void HostTensor::fail_width(size_t bytes) const {
  fail(ErrorCode::bad_input, "{} where numbers of {} bytes are needed", description(), bytes);
}

std::string HostTensor::description() const {
  return fmt::format("{}{}", type_ ? type_->name : "text", dims_text(dims_));
}

}  // namespace adze
