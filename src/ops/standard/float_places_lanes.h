// Floats for place_products_lanes.h, over lanes of sixteen; included behind lanes_<isa>.h and float_products_lanes.h.
#pragma once

#include <cstring>

#include "ops/standard/place_products_lanes.h"

namespace adze::ops {
namespace {

struct FloatArithmetic {
  using Destination = FloatPlaces;
  using Sums = Lanes;
  using Filter = Lanes;
  using Number = Lanes;
  static constexpr int kPlaces = Lanes::kRegisters == 1 ? 8 : 4;
  static constexpr int kStrips = Lanes::kRegisters == 1 ? 3 : 1;
  static constexpr int64_t kChannelBytes = sizeof(float);

  static Sums none() { return splat(0); }
  static Filter filter(const std::byte* from) { return load(reinterpret_cast<const float*>(from)); }
  static Number number(const std::byte* from) { return splat(*reinterpret_cast<const float*>(from)); }
  static void add(Sums& sums, const Number& number, const Filter& filter) { sums = multiply_add(number, filter, sums); }

  static Filter weights(const std::byte* from) { return filter(from); }
  static Number channels(const std::byte* from, int64_t count) {
    return load_part(reinterpret_cast<const float*>(from), count);
  }
  static void add_channels(Sums& sums, const Number& numbers, const Filter& weights) {
    sums = multiply_add(numbers, weights, sums);
  }

  class Ending {
   public:
    Ending(const FloatPlaces& to, int64_t output, int64_t count)
        : out_(to.out + output),
          addend_(to.end->addend ? to.end->addend + output : nullptr),
          step_(to.out_step),
          count_(count),
          bias_(to.end->bias ? load_part(to.end->bias + output, count) : splat(0)),
          least_(splat(to.end->least)),
          most_(splat(to.end->most)),
          slope_(splat(to.end->slope)),
          clips_(to.end->clips),
          leaks_(to.end->leaks) {}

    void store(int64_t place, Sums sums) const {
      sums = sums + bias_;
      if (addend_) sums = sums + load_part(addend_ + place * step_, count_);
      if (clips_) sums = smaller(most_, larger(least_, sums));
      if (leaks_) sums = larger(splat(0), sums) + slope_ * smaller(splat(0), sums);
      store_part(out_ + place * step_, count_, sums);
    }

   private:
    float* out_;
    const float* addend_;
    int64_t step_, count_;
    Lanes bias_, least_, most_, slope_;
    bool clips_, leaks_;
  };
};

}  // namespace
}  // namespace adze::ops
