// Transforms of Winograd's F(2 x 2, 3 x 3) over lanes of sixteen channels; included behind float_places_lanes.h.
#pragma once

#include "ops/standard/float_places_lanes.h"
#include "ops/standard/winograd_tiles.h"

namespace adze::ops {
namespace {

/// Four numbers of a row or column, times the transposed matrix of the inputs.
[[gnu::always_inline]] inline void transform_line(Lanes& a, Lanes& b, Lanes& c, Lanes& d) {
  const Lanes first = a - c, second = b + c, third = c - b, fourth = b - d;
  a = first;
  b = second;
  c = third;
  d = fourth;
}

inline void transform_tile(const TileInputs& work, int64_t tile, int64_t channel) {
  const int64_t count = work.channels - channel;
  const std::byte* const* pixels = work.pixels + tile * kTileInputs;
  Lanes x[4][4];
#pragma GCC unroll 16
  for (int i = 0; i < kTileInputs; ++i) {
    x[i / 4][i % 4] = load_part(reinterpret_cast<const float*>(pixels[i]) + channel, count);
  }
#pragma GCC unroll 4
  for (int column = 0; column < 4; ++column) transform_line(x[0][column], x[1][column], x[2][column], x[3][column]);
#pragma GCC unroll 4
  for (auto& row : x) transform_line(row[0], row[1], row[2], row[3]);
  float* to = work.to + tile * work.channels + channel;
#pragma GCC unroll 16
  for (int i = 0; i < kTileInputs; ++i) store_part(to + i * work.product_step, count, x[i / 4][i % 4]);
}

void transform_tiles(const TileInputs& work) {
  for (int64_t tile = 0; tile < work.tiles; ++tile) {
    for (int64_t channel = 0; channel < work.channels; channel += kStrip) transform_tile(work, tile, channel);
  }
}

void finish_tile(const TileSums& work, const FloatArithmetic::Ending& ending, int64_t tile, int64_t output) {
  const int64_t count = work.outputs - output;
  const float* from = work.sums + tile * work.outputs + output;
  Lanes lines[4][2];
#pragma GCC unroll 4
  for (int row = 0; row < 4; ++row) {
    Lanes x[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) x[i] = load_part(from + (row * 4 + i) * work.product_step, count);
    lines[row][0] = x[0] + x[1] + x[2];
    lines[row][1] = x[1] - x[2] - x[3];
  }
  const int64_t* places = work.places + tile * kTileResults;
#pragma GCC unroll 2
  for (int column = 0; column < 2; ++column) {
    const Lanes above = lines[0][column] + lines[1][column] + lines[2][column];
    const Lanes below = lines[1][column] - lines[2][column] - lines[3][column];
    if (places[column] >= 0) ending.store(places[column], above);
    if (places[2 + column] >= 0) ending.store(places[2 + column], below);
  }
}

void finish_tiles(const TileSums& work, const FloatPlaces& to) {
  for (int64_t output = 0; output < work.outputs; output += kStrip) {
    const FloatArithmetic::Ending ending(to, output, work.outputs - output);
    for (int64_t tile = 0; tile < work.tiles; ++tile) finish_tile(work, ending, tile, output);
  }
}

}  // namespace
}  // namespace adze::ops
