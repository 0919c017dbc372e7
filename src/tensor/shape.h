// Sizes of a tensor, outermost dimension first; a linear weight is [out_features, in_features].
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "tensor/codec_info.h"

namespace adze {

class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}
  explicit Shape(std::vector<int64_t> dims) : dims_(std::move(dims)) {}

  size_t rank() const { return dims_.size(); }
  int64_t operator[](size_t axis) const { return dims_[axis]; }
  std::span<const int64_t> dims() const { return dims_; }
  bool operator==(const Shape&) const = default;

  /// The innermost dimension: the length of a row. 1 for a scalar.
  int64_t row_length() const { return dims_.empty() ? 1 : dims_.back(); }
  /// The product of all other dimensions.
  int64_t row_count() const;
  int64_t element_count() const { return row_count() * row_length(); }

  /// "[576, 1536]"
  std::string to_string() const;

 private:
  std::vector<int64_t> dims_;
};

/// Dimensions from outside: throws Error(bad_input) naming `where` for a negative dimension, more than
/// 8 of them, or an element count above 2^60.
Shape checked_shape(std::vector<int64_t> dims, const std::string& where);

/// Bytes of one row of `length` elements. REQUIRES: length is a multiple of the block.
int64_t row_bytes(const CodecInfo& codec, int64_t length);
bool fits_blocks(const CodecInfo& codec, int64_t row_length);

/// Bytes of a whole tensor; throws Error(bad_input) naming `where` if rows do not divide into blocks.
int64_t checked_tensor_bytes(const CodecInfo& codec, const Shape& shape, const std::string& where);

}  // namespace adze
