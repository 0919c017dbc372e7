// AMX tiles, by number: 0 to 3 hold sums [16 tokens][16 rows] of int32, 4 and 5 activations of 16 tokens, 6 and 7 codes
// as code tiles have them, [quad][16 rows][4].
//
// The instructions are spelled out because the intrinsics of GCC 12 do not tell it what they read.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace adze::ops {
namespace {

constexpr int kTileTokens = 16;
constexpr int kTileSums = 256;        // of a tile of sums
constexpr int kFirstActivations = 4;  // tile
constexpr int kFirstCodes = 6;        // tile

/// Activation tiles of `bytes` for each token, and code tiles to match. Zeroes all tiles.
inline void configure_tiles(int bytes) {
  struct alignas(64) {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } shapes{};
  shapes.palette = 1;
  for (int tile = 0; tile < 8; ++tile) {
    const bool codes = tile >= kFirstCodes;
    shapes.rows[tile] = static_cast<uint8_t>(codes ? bytes / 4 : kTileTokens);
    shapes.row_bytes[tile] = static_cast<uint16_t>(tile >= kFirstActivations && !codes ? bytes : 64);
  }
  asm volatile("ldtilecfg %0" : : "m"(shapes));
}

/// Without it, each switch to another thread would save the tiles.
inline void release_tiles() { asm volatile("tilerelease"); }

template <int kTile>
inline __attribute__((always_inline)) void load_tile(const void* rows, int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(rows), "r"(stride), "i"(kTile) : "memory");
}

template <int kTile>
inline __attribute__((always_inline)) void store_tile(int32_t* rows, int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(rows), "r"(stride), "i"(kTile) : "memory");
}

template <int kTile>
inline __attribute__((always_inline)) void zero_tile() {
  asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
}

/// Sums += activations * codes, both int8.
template <int kSums, int kActivations, int kCodes>
inline __attribute__((always_inline)) void add_tile_products() {
  asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kActivations), "i"(kCodes));
}

/// The same with codes of uint8.
template <int kSums, int kActivations, int kCodes>
inline __attribute__((always_inline)) void add_tile_products_unsigned_codes() {
  asm volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kActivations), "i"(kCodes));
}

/// Sums += activations of uint8 * int8.
template <int kSums, int kActivations, int kCodes>
inline __attribute__((always_inline)) void add_tile_products_unsigned_activations() {
  asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kActivations), "i"(kCodes));
}

}  // namespace
}  // namespace adze::ops
