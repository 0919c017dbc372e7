// Bytes of convolutions whose channels come last on AMX: tiles of sixteen places times sixteen outputs, up to 64
// channels at once. A strip of filters is what a tile wants as it lies; pixels are copied unless they lie at equal
// distances.
#include "ops/linear/tiles_amx.h"
#include "ops/standard/byte_places_avx512.h"

namespace adze::ops {
namespace {

constexpr int64_t kTileBytes = 64;    // of a row, at most
constexpr int64_t kTileRows = 16;     // places
constexpr int64_t kFewestBytes = 16;  // with fewer channels at once vectors are faster

/// The most bytes at once that divide a tap's; 0: too few.
int64_t bytes_at_once(int64_t tap_bytes) {
  for (int64_t at_once = kTileBytes; at_once >= kFewestBytes; at_once -= kStepBytes) {
    if (tap_bytes % at_once == 0) return at_once;
  }
  return 0;
}

/// Pixels of kRoomPlaces places: all taps of one behind the other, places `step` bytes apart.
struct PlaceRows {
  const std::byte* first;
  int64_t step;
};

bool are_apart(const std::byte* const* pixels, int64_t step) {
  for (int64_t i = 1; i < kRoomPlaces; ++i) {
    if (pixels[i] - pixels[i - 1] != step) return false;
  }
  return true;
}

void copy_pixel(const std::byte* from, int64_t bytes, std::byte* to) {
  int64_t at = 0;
  for (; at + kTileBytes <= bytes; at += kTileBytes) _mm512_storeu_si512(to + at, _mm512_loadu_si512(from + at));
  if (at == bytes) return;
  const auto mask = static_cast<__mmask64>((uint64_t{1} << (bytes - at)) - 1);
  _mm512_mask_storeu_epi8(to + at, mask, _mm512_maskz_loadu_epi8(mask, from + at));
}

PlaceRows place_rows(const PlaceWork& work, int64_t place, int64_t tap_bytes) {
  const PixelTable& table = work.table;
  const int64_t count = table.places - place;
  // Of a single tap the pointers of tiles follow one another.
  const std::byte* const* pixels = table.tile(place);
  if (table.taps == 1 && count >= kRoomPlaces && are_apart(pixels, pixels[1] - pixels[0])) {
    return {pixels[0] + work.pixel_offset, pixels[1] - pixels[0]};
  }
  const int64_t step = table.taps * tap_bytes + kTileBytes;
  for (int64_t i = 0; i < kRoomPlaces && i < count; ++i) {
    const std::byte* const* taps = table.tile(place + i);
    std::byte* to = work.room + i * step;
    for (int64_t tap = 0; tap < table.taps; ++tap, taps += kTilePlaces, to += tap_bytes) {
      copy_pixel(*taps + work.pixel_offset, tap_bytes, to);
    }
  }
  return {work.room, step};
}

/// Sums of up to two tiles of places times up to two strips of outputs.
template <int kPlaceTiles, int kStrips>
class TileSums {
 public:
  TileSums(const PlaceWork& work, const PlaceRows& rows, int64_t strip, int64_t at_once)
      : rows_(rows),
        bytes_(work.table.taps * work.steps * kStepBytes),
        at_once_(at_once),
        strip_step_(bytes_ / kStepBytes * kStripBytes),
        filters_(work.filters + strip * strip_step_) {}

  void multiply() {
    zero_tile<0>();
    if constexpr (kStrips == 2) zero_tile<1>();
    if constexpr (kPlaceTiles == 2) zero_tile<2>();
    if constexpr (kPlaceTiles == 2 && kStrips == 2) zero_tile<3>();
    for (int64_t at = 0; at < bytes_; at += at_once_) add(rows_.first + at, filters_ + at / kStepBytes * kStripBytes);
  }

  /// [places][kStrips][16]
  void store(int32_t* sums) const {
    constexpr int64_t kStep = kStrips * kStrip;
    store_tile<0>(sums, kStep * 4);
    if constexpr (kStrips == 2) store_tile<1>(sums + kStrip, kStep * 4);
    if constexpr (kPlaceTiles == 2) store_tile<2>(sums + kTileRows * kStep, kStep * 4);
    if constexpr (kPlaceTiles == 2 && kStrips == 2) store_tile<3>(sums + kTileRows * kStep + kStrip, kStep * 4);
  }

 private:
  void add(const std::byte* rows, const std::byte* filters) {
    load_tile<4>(rows, rows_.step);
    load_tile<6>(filters, kStripBytes);
    add_tile_products_unsigned_activations<0, 4, 6>();
    if constexpr (kStrips == 2) {
      load_tile<7>(filters + strip_step_, kStripBytes);
      add_tile_products_unsigned_activations<1, 4, 7>();
    }
    if constexpr (kPlaceTiles == 2) {
      load_tile<5>(rows + kTileRows * rows_.step, rows_.step);
      add_tile_products_unsigned_activations<2, 5, 6>();
    }
    if constexpr (kPlaceTiles == 2 && kStrips == 2) add_tile_products_unsigned_activations<3, 5, 7>();
  }

  PlaceRows rows_;
  int64_t bytes_, at_once_, strip_step_;
  const std::byte* filters_;
};

struct Span {
  int64_t place, strip, at_once;
  PlaceRows rows;
};

template <int kPlaceTiles, int kStrips>
void multiply_span(const PlaceWork& work, const BytePlaces& to, const Span& span) {
  alignas(64) int32_t sums[kPlaceTiles * kTileRows * kStrips * kStrip];
  TileSums<kPlaceTiles, kStrips> tiles(work, span.rows, span.strip, span.at_once);
  tiles.multiply();
  tiles.store(sums);
  for (int64_t s = 0; s < kStrips; ++s) {
    const int64_t output = (span.strip + s) * kStrip;
    const ByteArithmetic::Ending ending(to, output, work.outputs - output);
    for (int64_t i = 0; i < kPlaceTiles * kTileRows && span.place + i < work.table.places; ++i) {
      ending.store(span.place + i, _mm512_load_si512(sums + (i * kStrips + s) * kStrip));
    }
  }
}

template <int kPlaceTiles>
void multiply_strips(const PlaceWork& work, const BytePlaces& to, Span span) {
  const int64_t strips = (work.outputs + kStrip - 1) / kStrip;
  for (span.strip = 0; span.strip + 2 <= strips; span.strip += 2) multiply_span<kPlaceTiles, 2>(work, to, span);
  if (span.strip < strips) multiply_span<kPlaceTiles, 1>(work, to, span);
}

}  // namespace

void multiply_byte_places_amx(const PlaceWork& work, const BytePlaces& to) {
  const int64_t tap_bytes = work.steps * kStepBytes, at_once = bytes_at_once(tap_bytes);
  if (at_once == 0) return kPlaceProductsAvx512.multiply_bytes(work, to);
  configure_tiles(static_cast<int>(at_once));
  for (int64_t place = 0; place < work.table.places; place += kRoomPlaces) {
    const Span span{place, 0, at_once, place_rows(work, place, tap_bytes)};
    work.table.places - place > kTileRows ? multiply_strips<2>(work, to, span) : multiply_strips<1>(work, to, span);
  }
  release_tiles();
}

}  // namespace adze::ops
