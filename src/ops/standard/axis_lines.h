// A tensor seen along one axis: [outer, length, inner].
#pragma once

#include <cstdint>
#include <span>

namespace adze::ops {

struct AxisLines {
  int64_t outer = 1;
  int64_t length = 1;
  int64_t inner = 1;  // also the step from one number of a line to the next

  AxisLines(std::span<const int64_t> dims, size_t axis) : length(dims[axis]) {
    for (size_t i = 0; i < axis; ++i) outer *= dims[i];
    for (size_t i = axis + 1; i < dims.size(); ++i) inner *= dims[i];
  }

  /// Calls line(first) with the position of every line's first number.
  template <typename Line>
  void each(Line line) const {
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = 0; i < inner; ++i) line(o * length * inner + i);
    }
  }
};

}  // namespace adze::ops
