#include "ops/standard/quantized_numbers.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/narrow_floats.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

const StorageType kF64 = &codecs::f64.info;

int sub_byte_bits(StorageType type) {
  if (type == &kI4 || type == &kU4) return 4;
  return type == &kI2 || type == &kU2 ? 2 : 0;
}

}  // namespace

HostTensor to_f64(const HostTensor& x) {
  if (x.type() == kF64) return x;
  if (is_narrow_float(x.type())) return to_f64(widen_floats(x));
  return visit_numbers(x, [&](auto tag) {
    return map_each<typename decltype(tag)::type, double>(x, kF64, [](auto v) { return static_cast<double>(v); });
  });
}

IntegerLimits integer_limits(const HostTensor& of_type) {
  if (const int bits = sub_byte_bits(of_type.type()); bits != 0) {
    const bool is_signed = of_type.type() == &kI4 || of_type.type() == &kI2;
    return is_signed ? IntegerLimits{-std::ldexp(1, bits - 1), std::ldexp(1, bits - 1) - 1}
                     : IntegerLimits{0, std::ldexp(1, bits) - 1};
  }
  return visit_integers(of_type, [](auto tag) {
    using T = typename decltype(tag)::type;
    return IntegerLimits{static_cast<double>(std::numeric_limits<T>::min()),
                         static_cast<double>(std::numeric_limits<T>::max())};
  });
}

HostTensor round_to_integers(const HostTensor& f64, StorageType type) {
  const HostTensor sample(type, {0});
  const auto limits = integer_limits(sample);
  return visit_integers(sample, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_each<double, T>(f64, type, [&](double x) {
      const double rounded = std::nearbyint(x);
      return static_cast<T>(std::isnan(rounded) ? 0 : std::clamp(rounded, limits.least, limits.most));
    });
  });
}

HostTensor spread_parameter(const HostTensor& parameter, const HostTensor& x, size_t axis, int64_t block_size) {
  if (parameter.count() == 1 && parameter.rank() <= 1) return broadcast_to(parameter.reshaped({}), x.dims());
  if (axis >= x.rank()) fail(ErrorCode::bad_input, "there is no axis {} in {}", axis, x.description());
  if (block_size <= 0 && parameter.rank() == 1) {
    std::vector<int64_t> dims(x.rank(), 1);
    dims[axis] = parameter.count();
    return broadcast_to(parameter.reshaped(dims), x.dims());
  }
  if (block_size <= 0) return broadcast_to(parameter, x.dims());
  // [.., blocks, ..] becomes [.., blocks, block_size, ..], of which the end may not be used.
  require_rank(parameter, x.rank(), x.rank());
  StridedView view{parameter.dims(), strides_of(parameter.dims()), 0};
  const auto at = static_cast<std::ptrdiff_t>(axis) + 1;
  view.dims.insert(view.dims.begin() + at, block_size);
  view.strides.insert(view.strides.begin() + at, 0);
  auto dims = parameter.dims();
  if (__builtin_mul_overflow(dims[axis], block_size, &dims[axis]) || dims[axis] < x.dim(axis)) {
    fail(ErrorCode::bad_input, "blocks of {} do not cover {}", block_size, x.description());
  }
  const HostTensor repeated = copy_view(parameter, view).reshaped(dims);
  StridedView part{dims, strides_of(dims), 0};
  part.dims[axis] = x.dim(axis);
  return broadcast_to(copy_view(repeated, part), x.dims());
}

HostTensor subtract_zero_point(const HostTensor& x, const HostTensor* zero, size_t axis) {
  const HostTensor wide = to_f64(x);
  if (!zero) return wide;
  const HostTensor zeros = spread_parameter(to_f64(*zero), x, axis);
  return map_pairs<double, double>(wide, zeros, kF64, [](double a, double b) { return a - b; });
}

HostTensor dequantize_along(const HostTensor& x, const HostTensor& scale, const HostTensor& zero, size_t axis) {
  const HostTensor shifted = subtract_zero_point(x, &zero, axis);
  const HostTensor scales = spread_parameter(to_f64(scale), x, axis);
  return map_pairs<double, double>(shifted, scales, kF64, [](double a, double b) { return a * b; });
}

HostTensor quantize_along(const HostTensor& x, const HostTensor& scale, const HostTensor& zero, size_t axis) {
  const HostTensor scales = spread_parameter(to_f64(scale), x, axis), zeros = spread_parameter(to_f64(zero), x, axis);
  const HostTensor codes =
      map_pairs<double, double>(x, scales, kF64, [](double a, double b) { return std::nearbyint(a / b); });
  return round_to_integers(map_pairs<double, double>(codes, zeros, kF64, [](double a, double b) { return a + b; }),
                           zero.type());
}

}  // namespace adze::ops
