// What packing did to numbers.
#pragma once

#include <cstdint>
#include <span>

namespace adze::codecs {

struct RoundingError {
  int64_t different = 0;   // values
  int64_t non_finite = 0;  // values of the original
  double max_error = 0;
  double squared_error = 0;
  double squared_value = 0;

  void add(const RoundingError& part);
};

/// Whether a number came back as it was; NaN counts as NaN.
bool is_same(float before, float after);

/// Compares numbers with what came back. REQUIRES: the same count of both. The same on every machine.
RoundingError rounding_error(std::span<const float> before, std::span<const float> after);

}  // namespace adze::codecs
