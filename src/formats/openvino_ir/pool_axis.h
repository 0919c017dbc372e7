// Windows along one axis of an image, and where the last of them ends when their number is rounded up.
#pragma once

#include <algorithm>
#include <cstdint>

namespace adze::formats {

struct PoolAxis {
  int64_t size;           // of the image
  int64_t before, after;  // its border
  int64_t kernel, dilation, stride;

  int64_t reach() const { return (kernel - 1) * dilation + 1; }
  /// The place of the last window, counted from the start of the border.
  int64_t last_begin() const {
    const int64_t room = std::max<int64_t>(size + before + after - reach(), 0);
    return (room + stride - 1) / stride * stride;
  }
  /// Whether it begins behind the image: the standard, and "ceil_torch", leave it out.
  bool begins_behind() const { return last_begin() >= size + before; }
  /// Whether one that is not left out ends behind image and border.
  bool ends_behind() const { return !begins_behind() && last_begin() + reach() > size + before + after; }
};

}  // namespace adze::formats
