// Convolutions whose channels come last, one table per ISA: for each place of the output and each tap of the window a
// pointer to the channels of a pixel, so that nothing is laid out beforehand.
//
// A step is one channel of f32, four of bytes, or two of bytes that are widened to 16 bits: four bytes each way,
// against 64 bytes of filters for sixteen outputs. Float sums run over taps, then channels, one fused multiply-add
// after the other, whatever the tile; sums of bytes are exact. Plain structs only: files compiled for one ISA include
// this.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/standard/float_products.h"
#include "ops/standard/integer_products.h"
#include "ops/standard/winograd_tiles.h"

namespace adze::ops {

/// A multiple of the places that any kernel takes at once: 8, 6 or 4.
/// Pixels lie [places / kTilePlaces][taps][kTilePlaces], the last tile filled up with any that can be read; one in the
/// padding points to what stands for it.
inline constexpr int64_t kTilePlaces = 24;
/// Filters lie in strips of outputs: [outputs / kStrip][taps][steps][64 bytes], zeros behind the last.
inline constexpr int64_t kStrip = 16;
inline constexpr int64_t kStepBytes = 4, kStripBytes = 64;
/// Places that a kernel may copy at a time, or whose sums for some strips of outputs may wait.
inline constexpr int64_t kRoomPlaces = 32, kWaitingPlaces = 5 * kTilePlaces, kWaitingStrips = 3;

/// Bytes of room for kernels. `steps`: of all taps.
constexpr int64_t room_bytes(int64_t steps) {
  const int64_t copied = kRoomPlaces * (steps * kStepBytes + kStripBytes);
  const int64_t waiting = kWaitingPlaces * kWaitingStrips * kStripBytes;
  return copied > waiting ? copied : waiting;
}

struct PixelTable {
  const std::byte* const* pixels;
  int64_t places, taps;

  const std::byte* const* tile(int64_t place) const {
    return pixels + (place / kTilePlaces * taps * kTilePlaces + place % kTilePlaces);
  }
};

/// Every output is a sum over all channels of a group.
struct PlaceWork {
  PixelTable table;
  int64_t pixel_offset;  // bytes from a pixel to the first channel of the group
  int64_t steps;         // of a tap
  const std::byte* filters;
  int64_t outputs;
  std::byte* room;  // room_bytes()
};

/// Every channel has an output of its own: filters lie [taps][channels, filled up to strips], of bytes as i32 or, where
/// numbers are widened (byte_width), as i16 of [pairs of taps][channels, filled up to strips][2].
struct ChannelWork {
  PixelTable table;
  int64_t channels;
  const std::byte* filters;
};

/// Few outputs: sums lie across the lanes of a vector. Filters lie [outputs][taps][channels, filled up to strips].
struct DotWork {
  PixelTable table;
  int64_t pixel_offset;
  int64_t channels;  // of a group
  const std::byte* filters;
  int64_t outputs;
};

/// What becomes of float sums; bias, addend and limits as ProductEnd says, its rows being outputs here.
struct FloatPlaces {
  float* out;  // [places][out_step]
  int64_t out_step;
  const ProductEnd* end;
};

/// The same of sums of unsigned bytes and signed filters, whose columns are outputs: column_terms, column_scales.
struct BytePlaces {
  int32_t* sums;   // one of the two
  uint8_t* codes;  // signed ones have the same bits
  int64_t out_step;
  const IntegerEnd* end;
};

struct PlaceProducts {
  void (*multiply_floats)(const PlaceWork& work, const FloatPlaces& to);
  void (*multiply_bytes)(const PlaceWork& work, const BytePlaces& to);
  void (*filter_floats)(const ChannelWork& work, const FloatPlaces& to);
  void (*filter_bytes)(const ChannelWork& work, const BytePlaces& to);
  void (*dot_floats)(const DotWork& work, const FloatPlaces& to);
  WinogradTransforms winograd;  // null: none
  int64_t byte_width = 1;       // of a number and of a filter's that multiply_bytes() reads: bytes, or widened to two
};

/// The rest is that of AVX-512.
void multiply_byte_places_amx(const PlaceWork& work, const BytePlaces& to);
extern const PlaceProducts kPlaceProductsAvx512;
extern const PlaceProducts kPlaceProductsAvx2;
extern const PlaceProducts kPlaceProductsNeon;
extern const PlaceProducts kPlaceProductsPortable;

}  // namespace adze::ops
