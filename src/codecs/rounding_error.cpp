#include "codecs/rounding_error.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cpu_features.h"
#include "codecs/row_kernels.h"

namespace adze::codecs {
namespace {

RowKernels choose_kernels() {
  if constexpr (kIsX86) {
    if (isa_includes(active_isa(), Isa::avx512)) return kRowsAvx512;
    if (isa_includes(active_isa(), Isa::avx2)) return kRowsAvx2;
  }
  return row_kernel_table();
}

/// Any numbers, in double precision.
RoundingError compare_carefully(std::span<const float> before, std::span<const float> after) {
  RoundingError sums;
  for (size_t i = 0; i < before.size(); ++i) {
    const double value = before[i];
    if (!std::isfinite(value)) ++sums.non_finite;
    if (!is_same(before[i], after[i])) {
      ++sums.different;
      const double error = std::abs(static_cast<double>(after[i]) - value);
      sums.max_error = std::max(sums.max_error, std::isnan(error) ? std::numeric_limits<double>::infinity() : error);
      if (std::isfinite(error)) sums.squared_error += error * error;
    }
    if (std::isfinite(value)) sums.squared_value += value * value;
  }
  return sums;
}

/// Whether sums of squares in float tell enough: none overflowed, and what vanished does not matter.
bool is_precise(const RunDifference& run) {
  constexpr float kTooSmall = 1e-30f;
  return std::isfinite(run.squared_value) && std::isfinite(run.squared_error) &&
         (run.squared_value > kTooSmall || run.squared_value == 0) &&
         (run.squared_error > kTooSmall || run.different == 0);
}

}  // namespace

const RowKernels& row_kernels() {
  static const RowKernels chosen = choose_kernels();
  return chosen;
}

void RoundingError::add(const RoundingError& part) {
  different += part.different;
  non_finite += part.non_finite;
  max_error = std::max(max_error, part.max_error);
  squared_error += part.squared_error;
  squared_value += part.squared_value;
}

bool is_same(float before, float after) { return before == after || (std::isnan(before) && std::isnan(after)); }

RoundingError rounding_error(std::span<const float> before, std::span<const float> after) {
  RoundingError total;
  size_t done = 0;
  for (; done + kRunLength <= before.size(); done += kRunLength) {
    const RunDifference run = row_kernels().compare(before.data() + done, after.data() + done);
    total.add(is_precise(run) ? RoundingError{run.different, 0, run.largest_error, run.squared_error, run.squared_value}
                              : compare_carefully(before.subspan(done, kRunLength), after.subspan(done, kRunLength)));
  }
  total.add(compare_carefully(before.subspan(done), after.subspan(done)));
  return total;
}

}  // namespace adze::codecs
