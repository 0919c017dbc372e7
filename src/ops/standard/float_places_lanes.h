// Floats for place_products_lanes.h, over lanes of sixteen; included behind lanes_<isa>.h and float_products_lanes.h.
#pragma once

#include <limits>

#include "ops/standard/place_products_lanes.h"

namespace adze::ops {
namespace {

struct FloatArithmetic {
  using Destination = FloatPlaces;
  using Sums = Lanes;
  using Filter = Lanes;
  using Number = Lanes;
  static constexpr int kPlaces = Lanes::kRegisters == 1 ? 8 : 6;
  static constexpr int kStrips = Lanes::kRegisters == 1 ? 3 : 1;
  static constexpr int64_t kChannelBytes = sizeof(float);

  static Sums none() { return splat(0); }
  static Filter filter(const std::byte* from) { return load(reinterpret_cast<const float*>(from)); }
  static Number number(const std::byte* from) { return splat(*reinterpret_cast<const float*>(from)); }
  static void add(Sums& sums, const Number& number, const Filter& filter) { sums = multiply_add(number, filter, sums); }

  static Sums load_sums(const std::byte* from) { return filter(from); }
  static void store_sums(std::byte* to, const Sums& sums) { ops::store(reinterpret_cast<float*>(to), sums); }

  static Filter weights(const std::byte* from) { return filter(from); }
  static Number channels(const std::byte* from, int64_t count) {
    return load_part(reinterpret_cast<const float*>(from), count);
  }
  static void add_channels(Sums& sums, const Number& numbers, const Filter& weights) {
    sums = multiply_add(numbers, weights, sums);
  }

  class Ending {
    static constexpr float kInfinity = std::numeric_limits<float>::infinity();

   public:
    Ending(const FloatPlaces& to, int64_t output, int64_t count)
        : out_(to.out + output),
          addend_(to.end->addend ? to.end->addend + output : nullptr),
          step_(to.out_step),
          count_(count),
          bias_(to.end->bias ? load_part(to.end->bias + output, count) : splat(0)),
          least_(splat(to.end->clips ? to.end->least : -kInfinity)),
          most_(splat(to.end->clips ? to.end->most : kInfinity)),
          slope_(splat(to.end->slope)),
          leaks_(to.end->leaks) {}

    template <int kPlaces>
    [[gnu::always_inline]] void store_all(int64_t place, const Sums (&sums)[kPlaces]) const {
      Sums results[kPlaces];
#pragma GCC unroll 8
      for (int i = 0; i < kPlaces; ++i) results[i] = sums[i] + bias_;
      if (addend_) {
#pragma GCC unroll 8
        for (int i = 0; i < kPlaces; ++i) results[i] = results[i] + load_part(addend_ + (place + i) * step_, count_);
      }
      if (leaks_) {
#pragma GCC unroll 8
        for (int i = 0; i < kPlaces; ++i) results[i] = leaked(results[i]);
      }
#pragma GCC unroll 8
      for (int i = 0; i < kPlaces; ++i) store_part(out_ + (place + i) * step_, count_, clipped(results[i]));
    }

    void store(int64_t place, const Sums& sums) const { store_all(place, {sums}); }

   private:
    Sums leaked(const Sums& sums) const { return larger(splat(0), sums) + slope_ * smaller(splat(0), sums); }
    Sums clipped(const Sums& sums) const { return smaller(most_, larger(least_, sums)); }

    float* out_;
    const float* addend_;
    int64_t step_, count_;
    Lanes bias_, least_, most_, slope_;
    bool leaks_;
  };
};

}  // namespace
}  // namespace adze::ops
