#include "tensor/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/checked_math.h"
#include "base/error.h"

namespace adze {
namespace {
constexpr uint64_t kMaxElements = 1ull << 60;
constexpr size_t kMaxRank = 8;
}  // namespace

int64_t Shape::row_count() const {
  int64_t count = 1;
  for (size_t axis = 0; axis + 1 < dims_.size(); ++axis) count *= dims_[axis];
  return count;
}

std::string Shape::to_string() const { return fmt::format("[{}]", fmt::join(dims_, ", ")); }

Shape checked_shape(std::vector<int64_t> dims, const std::string& where) {
  if (dims.size() > kMaxRank) {
    fail(ErrorCode::bad_input, "{}: {} dimensions, at most {} are allowed", where, dims.size(), kMaxRank);
  }
  uint64_t count = 1;
  for (const int64_t dim : dims) {
    if (dim < 0) fail(ErrorCode::bad_input, "{}: negative dimension {}", where, dim);
    const auto product = checked_multiply(count, static_cast<uint64_t>(dim));
    if (!product || *product > kMaxElements) {
      fail(ErrorCode::bad_input, "{}: shape [{}] has too many elements", where, fmt::join(dims, ", "));
    }
    // A zero dimension must not hide an overflow of the others.
    count = std::max<uint64_t>(*product, 1);
  }
  return Shape(std::move(dims));
}

bool fits_blocks(const CodecInfo& codec, int64_t row_length) { return row_length % codec.block_elements == 0; }

int64_t row_bytes(const CodecInfo& codec, int64_t length) { return length / codec.block_elements * codec.block_bytes; }

int64_t checked_tensor_bytes(const CodecInfo& codec, const Shape& shape, const std::string& where) {
  if (!fits_blocks(codec, shape.row_length())) {
    fail(ErrorCode::bad_input, "{}: rows of {} elements do not divide into {} blocks of {}", where, shape.row_length(),
         codec.name, codec.block_elements);
  }
  const auto bytes = checked_multiply(static_cast<uint64_t>(shape.row_count()),
                                      static_cast<uint64_t>(row_bytes(codec, shape.row_length())));
  if (!bytes || *bytes > kMaxElements * 8) fail(ErrorCode::bad_input, "{}: tensor is too large", where);
  return static_cast<int64_t>(*bytes);
}

}  // namespace adze
