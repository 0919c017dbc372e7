// Numbers, or texts, of any rank in memory: what graphs read from a graph format compute with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/codec_info.h"

namespace adze {

/// Row-major without padding. Copies share the numbers; whoever makes a tensor fills it before handing it on.
class HostTensor {
 public:
  HostTensor() = default;
  /// Numbers that are not set yet. Error(out_of_memory) for more than half of the machine's memory, Error(bad_input)
  /// for dimensions that are negative or overflow. REQUIRES: a plain type.
  HostTensor(StorageType type, std::vector<int64_t> dims);
  /// Numbers that lie elsewhere and are kept alive by `owner`. REQUIRES: they are aligned as their type is.
  HostTensor(StorageType type, std::vector<int64_t> dims, std::shared_ptr<const void> owner, const std::byte* numbers);
  /// Texts; one for every element.
  HostTensor(std::vector<std::string> texts, std::vector<int64_t> dims);

  template <typename T>
  static HostTensor of(StorageType type, std::vector<int64_t> dims, std::span<const T> numbers) {
    HostTensor tensor(type, std::move(dims));
    std::copy(numbers.begin(), numbers.end(), tensor.fill<T>().begin());
    return tensor;
  }

  /// Null for texts.
  StorageType type() const { return type_; }
  bool is_text() const { return texts_ != nullptr; }
  const std::vector<int64_t>& dims() const { return dims_; }
  int64_t dim(size_t axis) const { return dims_[axis]; }
  size_t rank() const { return dims_.size(); }
  int64_t count() const { return count_; }
  size_t element_bytes() const { return type_ ? type_->block_bytes : 0; }
  std::span<const std::byte> bytes() const { return {numbers_, static_cast<size_t>(count_) * element_bytes()}; }
  const std::vector<std::string>& texts() const { return *texts_; }

  /// REQUIRES: T is what the type holds. Error(bad_input) where it is not even as wide: a file may name any type.
  template <typename T>
  std::span<const T> numbers() const {
    require_width(sizeof(T));
    return {reinterpret_cast<const T*>(numbers_), static_cast<size_t>(count_)};
  }
  /// REQUIRES: made by this caller and not shared yet. Error(bad_input) as numbers().
  template <typename T>
  std::span<T> fill() {
    require_width(sizeof(T));
    return {reinterpret_cast<T*>(const_cast<std::byte*>(numbers_)), static_cast<size_t>(count_)};
  }
  std::span<std::byte> fill_bytes() { return {const_cast<std::byte*>(numbers_), bytes().size()}; }

  /// The same numbers with other dimensions. Error(bad_input) when the count differs.
  HostTensor reshaped(std::vector<int64_t> dims) const;
  /// The same bits taken for numbers of another type of the same width. REQUIRES: that width.
  HostTensor retyped(StorageType type) const;

  /// Whether nobody else sees these numbers, so that they may be written over.
  bool is_only_owner() const;

  /// "f32[1, 3, 240, 320]"
  std::string description() const;

 private:
  void require_width(size_t bytes) const {
    if (bytes != element_bytes() && count_ != 0) fail_width(bytes);
  }
  [[noreturn]] void fail_width(size_t bytes) const;

  StorageType type_ = nullptr;
  std::vector<int64_t> dims_;
  int64_t count_ = 0;
  bool made_here_ = false;  // the numbers, by a constructor of this class
  std::shared_ptr<const void> owner_;
  const std::byte* numbers_ = nullptr;
  std::shared_ptr<const std::vector<std::string>> texts_;
};

/// The product. Error(bad_input) for a negative dimension or more than 2^60 elements.
int64_t checked_element_count(std::span<const int64_t> dims);

/// "[1, 3, 240, 320]"
std::string dims_text(std::span<const int64_t> dims);

}  // namespace adze
