// Convolutions with few outputs whose channels come last: sixteen channels at a time, whose sums are added up at the
// end; included behind float_places_lanes.h.
#pragma once

#include "ops/standard/float_places_lanes.h"

namespace adze::ops {
namespace {

/// As many places and outputs as let a sum be added to for every load.
constexpr int kDotPlaces = 4, kDotOutputs = 4;

/// kDotPlaces places times kOutputs filters.
template <int kOutputs>
struct DotTile {
  Lanes sums[kDotPlaces][kOutputs];

  template <typename Load>
  [[gnu::always_inline]] void add(const float* filter, int64_t filter_step, Load load_place) {
    Lanes weights[kOutputs];
#pragma GCC unroll 4
    for (int o = 0; o < kOutputs; ++o) weights[o] = load(filter + o * filter_step);
#pragma GCC unroll 4
    for (int i = 0; i < kDotPlaces; ++i) {
      const Lanes numbers = load_place(i);
#pragma GCC unroll 4
      for (int o = 0; o < kOutputs; ++o) sums[i][o] = multiply_add(numbers, weights[o], sums[i][o]);
    }
  }

  [[gnu::always_inline]] void add_tap(const float* const (&from)[kDotPlaces], const float* filter, int64_t filter_step,
                                      int64_t channels) {
    int64_t at = 0;
    for (; at + kStrip <= channels; at += kStrip) {
      add(filter + at, filter_step, [&](int i) { return load(from[i] + at); });
    }
    if (at == channels) return;
    add(filter + at, filter_step, [&](int i) { return load_part(from[i] + at, channels - at); });
  }
};

template <int kOutputs>
void dot_tile(const DotWork& work, const FloatPlaces& to, int64_t place, int64_t output) {
  const int64_t row = (work.channels + kStrip - 1) / kStrip * kStrip, filter_step = work.table.taps * row;
  const float* filter = reinterpret_cast<const float*>(work.filters) + output * filter_step;
  const std::byte* const* pixels = work.table.tile(place);
  DotTile<kOutputs> tile;
#pragma GCC unroll 4
  for (auto& sums : tile.sums) {
#pragma GCC unroll 4
    for (Lanes& sum : sums) sum = splat(0);
  }
  for (int64_t tap = 0; tap < work.table.taps; ++tap, pixels += kTilePlaces, filter += row) {
    const float* from[kDotPlaces];
#pragma GCC unroll 4
    for (int i = 0; i < kDotPlaces; ++i) from[i] = reinterpret_cast<const float*>(pixels[i] + work.pixel_offset);
    tile.add_tap(from, filter, filter_step, work.channels);
  }
#pragma GCC unroll 4
  for (int o = 0; o < kOutputs; ++o) {
    const FloatArithmetic::Ending ending(to, output + o, 1);
#pragma GCC unroll 4
    for (int i = 0; i < kDotPlaces; ++i) {
      if (place + i < work.table.places) ending.store(place + i, splat(lane_sum(tile.sums[i][o])));
    }
  }
}

void dot_places(const DotWork& work, const FloatPlaces& to) {
  for (int64_t place = 0; place < work.table.places; place += kDotPlaces) {
    int64_t output = 0;
    for (; output + kDotOutputs <= work.outputs; output += kDotOutputs) dot_tile<kDotOutputs>(work, to, place, output);
    for (; output + 2 <= work.outputs; output += 2) dot_tile<2>(work, to, place, output);
    if (output < work.outputs) dot_tile<1>(work, to, place, output);
  }
}

}  // namespace
}  // namespace adze::ops
