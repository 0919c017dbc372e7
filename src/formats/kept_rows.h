// Rows of a tensor that lie in memory, or a mapped file, which somebody keeps.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/tensor.h"

namespace adze::formats {

class KeptRows final : public model::TensorSource {
 public:
  /// REQUIRES: `bytes` are whole rows, kept by `owner`.
  KeptRows(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, size_t row_bytes, std::string where)
      : bytes_(bytes), owner_(std::move(owner)), row_bytes_(row_bytes), where_(std::move(where)) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>&) const override {
    return bytes_.subspan(static_cast<size_t>(first) * row_bytes_, static_cast<size_t>(count) * row_bytes_);
  }
  std::string where() const override { return where_; }

 private:
  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> owner_;
  size_t row_bytes_;
  std::string where_;
};

}  // namespace adze::formats
