// fixed_point_products.h as plain loops, which the compiler makes vectors of an instruction set of: included by one
// file for each.
#pragma once

#include "ops/standard/fixed_point_products.h"

namespace adze::ops {
namespace {

template <typename A, typename B>
void add_row_fixed(const FixedPointSum& sum, const A* a, const B* b, int64_t count, uint8_t* to) {
  const FixedPointSum s = sum;  // a copy, because bytes that are stored could be its own
  const int32_t least = s.least - s.zero, most = s.most - s.zero;
  const auto coded = [&](int32_t scaled) {
    const int32_t number = scaled >> s.shift;
    return static_cast<uint8_t>((number < least ? least : number > most ? most : number) + s.zero);
  };
  if (s.b_step == 0) {
    const int32_t right = count > 0 ? b[0] * s.b_factor + s.term : 0;
    for (int64_t i = 0; i < count; ++i) to[i] = coded(a[i] * s.a_factor + right);
  } else {
    for (int64_t i = 0; i < count; ++i) to[i] = coded(a[i] * s.a_factor + (b[i] * s.b_factor + s.term));
  }
}

template <typename A>
void add_to_row_fixed(const FixedPointSum& sum, const A* a, const uint8_t* b, int64_t count, uint8_t* to) {
  if (sum.b_is_signed) return add_row_fixed(sum, a, reinterpret_cast<const int8_t*>(b), count, to);
  add_row_fixed(sum, a, b, count, to);
}

inline void add_fixed(const FixedPointSum& sum, const uint8_t* a, const uint8_t* b, int64_t count, uint8_t* to) {
  if (sum.a_is_signed) return add_to_row_fixed(sum, reinterpret_cast<const int8_t*>(a), b, count, to);
  add_to_row_fixed(sum, a, b, count, to);
}

}  // namespace
}  // namespace adze::ops
