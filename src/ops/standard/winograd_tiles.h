// Winograd's F(2 x 2, 3 x 3), the parts of which there is one for each ISA: 4 x 4 numbers of a channel become one
// number for each of sixteen products, whose sums become 2 x 2 results. Plain structs only: files compiled for one ISA
// include this. Lavin, Gray: Fast Algorithms for Convolutional Neural Networks, 2015.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adze::ops {

struct FloatPlaces;

inline constexpr int64_t kTileInputs = 16, kTileResults = 4;

struct TileInputs {
  const std::byte* const* pixels;  // [tiles][4][4]
  int64_t tiles, channels;
  float* to;             // [16][tiles][channels]
  int64_t product_step;  // numbers from one product to the next
};

struct TileSums {
  const float* sums;  // [16][tiles][outputs]
  int64_t tiles, outputs;
  int64_t product_step;
  const int64_t* places;  // [tiles][2][2]; -1: outside of the result
};

struct WinogradTransforms {
  void (*transform)(const TileInputs& work);
  void (*finish)(const TileSums& work, const FloatPlaces& to);
};

}  // namespace adze::ops
