#include "ops/linear/quantize_activation.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace adze::ops {
namespace {

void quantize_block(const float* x, int64_t count, int8_t* codes, float* scale) {
  float largest = 0;
  bool finite = true;
  for (int64_t i = 0; i < count; ++i) {
    largest = std::max(largest, std::fabs(x[i]));
    finite = finite && std::isfinite(x[i]);
  }
  *scale = finite ? largest / 127.0f : std::numeric_limits<float>::quiet_NaN();
  const float inverse = finite && largest > 0 ? 127.0f / largest : 0.0f;
  // The inverse of a denormal maximum overflows; such a block is as good as zero.
  const bool usable = finite && std::isfinite(inverse);
  if (finite && !usable) *scale = 0;
  for (int64_t i = 0; i < count; ++i) {
    codes[i] = usable ? static_cast<int8_t>(std::nearbyintf(x[i] * inverse)) : int8_t{0};
  }
}

}  // namespace

void quantize_activation(const float* x, int64_t length, int64_t block, int8_t* codes, float* scales) {
  for (int64_t begin = 0; begin < length; begin += block) {
    quantize_block(x + begin, std::min(block, length - begin), codes + begin, scales++);
  }
}

void activation_residual(const float* x, int64_t length, int64_t block, const int8_t* codes, const float* scales,
                         float* residual) {
  for (int64_t i = 0; i < length; ++i) {
    const float kept = static_cast<float>(codes[i]) * scales[i / block];
    residual[i] = x[i] - kept;
  }
}

}  // namespace adze::ops
