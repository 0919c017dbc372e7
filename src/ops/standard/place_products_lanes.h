// place_products.h over strips of sixteen sums. An Arithmetic says what a sum is:
//   Destination           what finish() stores to
//   kPlaces, kStrips      sums of a tile that fit into the registers
//   kChannelBytes         of a number of a pixel
//   Sums, Filter, Number  sixteen sums; 64 bytes of filters; a step of a pixel, repeated
//   none, filter, number, add; load_sums, store_sums; channels, weights, add_channels
//   Ending                what becomes of the sums of a strip, of whose outputs `count` exist: store() of a place,
//                         and where it pays store_all() of a tile's
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "ops/standard/place_products.h"

namespace adze::ops {
namespace {

/// Copies the numbers of a strip of which `count` exist.
template <typename T>
inline void copy_numbers(const T* from, int64_t count, T (&to)[kStrip]) {
  for (int64_t i = 0; i < kStrip && i < count; ++i) to[i] = from[i];
}

/// Number by number, of a place's results those of a strip that exist.
inline void store_results(const BytePlaces& to, int64_t at, int64_t count, const int32_t (&results)[kStrip]) {
  for (int64_t i = 0; i < kStrip && i < count; ++i) {
    if (to.sums) {
      to.sums[at + i] = results[i];
    } else {
      to.codes[at + i] = static_cast<uint8_t>(results[i]);
    }
  }
}

/// What becomes of a strip's sums of bytes, number by number: for vectors that cannot leave out those that do not
/// exist.
struct StripEnding {
  const BytePlaces& to;
  int64_t output, count;
  int32_t terms[kStrip] = {};
  float scales[kStrip] = {};

  StripEnding(const BytePlaces& places, int64_t first_output, int64_t outputs)
      : to(places), output(first_output), count(outputs) {
    if (to.end->column_terms) copy_numbers(to.end->column_terms + output, count, terms);
    if (!to.sums) copy_numbers(to.end->column_scales + output, count, scales);
  }

  void store_results(int64_t place, const int32_t (&results)[kStrip]) const {
    ops::store_results(to, place * to.out_step + output, count, results);
  }
};

/// A column of sums, all of whose places exist.
template <typename Ending, typename Sums, int kPlaces>
[[gnu::always_inline]] inline void store_whole(const Ending& ending, int64_t place, const Sums (&sums)[kPlaces]) {
  if constexpr (requires { ending.store_all(place, sums); }) {
    ending.store_all(place, sums);
  } else {
#pragma GCC unroll 8
    for (int i = 0; i < kPlaces; ++i) ending.store(place + i, sums[i]);
  }
}

/// What becomes of the sums of kStrips strips; made once for many tiles.
template <typename Arithmetic, int kStrips>
struct StripEndings {
  typename Arithmetic::Ending of[kStrips];
};

/// Of the strips from `output` on, of which outputs before `outputs` exist.
template <typename Arithmetic, int... kNumbers>
[[gnu::always_inline]] inline StripEndings<Arithmetic, sizeof...(kNumbers)> endings_of(
    const typename Arithmetic::Destination& to, int64_t output, int64_t outputs,
    std::integer_sequence<int, kNumbers...>) {
  const auto left = [&](int64_t first) { return outputs - first < kStrip ? outputs - first : kStrip; };
  return {{typename Arithmetic::Ending(to, output + kNumbers * kStrip, left(output + kNumbers * kStrip))...}};
}

template <typename Arithmetic, int kPlaces, int kStrips>
[[gnu::always_inline]] inline void finish_strips(const StripEndings<Arithmetic, kStrips>& endings, int64_t place,
                                                 int64_t places,
                                                 const typename Arithmetic::Sums (&sums)[kPlaces][kStrips]) {
#pragma GCC unroll 4
  for (int s = 0; s < kStrips; ++s) {
    typename Arithmetic::Sums column[kPlaces];
#pragma GCC unroll 8
    for (int i = 0; i < kPlaces; ++i) column[i] = sums[i][s];
    if (place + kPlaces <= places) {
      store_whole(endings.of[s], place, column);
      continue;
    }
#pragma GCC unroll 8
    for (int i = 0; i < kPlaces; ++i) {
      if (place + i < places) endings.of[s].store(place + i, column[i]);
    }
  }
}

/// Steps of all taps that are summed up before the next ones, while the sums of kWaitingPlaces wait: the filters of a
/// part stay in the second cache, while those of the next come from farther away.
constexpr int64_t kDepthOfPart = 512;

struct DepthPart {
  int64_t tap, step;  // of its first step
  int64_t count;      // of steps
  bool begins, ends;  // the sums
};

/// What a tile fetches into the second cache: a step's bytes further with every step.
struct Fetching {
  const std::byte* from;
  int64_t step_bytes;
};

/// Places [place, place + kPlaces) and kStrips strips of outputs from `strip` on. All is inlined, so that the sums stay
/// in registers.
template <typename Arithmetic, int kPlaces, int kStrips>
struct PlaceTile {
  const PlaceWork& work;
  int64_t place, strip;
  typename Arithmetic::Sums sums[kPlaces][kStrips];

  [[gnu::always_inline]] void begin() {
#pragma GCC unroll 8
    for (int i = 0; i < kPlaces; ++i) {
#pragma GCC unroll 3
      for (int s = 0; s < kStrips; ++s) sums[i][s] = Arithmetic::none();
    }
  }

  /// [place][kStrips] in the room.
  std::byte* waiting() const { return work.room + place % kWaitingPlaces * kStrips * kStripBytes; }

  [[gnu::always_inline]] void go_on() {
    const std::byte* from = waiting();
#pragma GCC unroll 8
    for (int i = 0; i < kPlaces; ++i) {
#pragma GCC unroll 3
      for (int s = 0; s < kStrips; ++s, from += kStripBytes) sums[i][s] = Arithmetic::load_sums(from);
    }
  }

  [[gnu::always_inline]] void wait() const {
    std::byte* to = waiting();
#pragma GCC unroll 8
    for (int i = 0; i < kPlaces; ++i) {
#pragma GCC unroll 3
      for (int s = 0; s < kStrips; ++s, to += kStripBytes) Arithmetic::store_sums(to, sums[i][s]);
    }
  }

  [[gnu::always_inline]] void add_steps(const std::byte* const* pixels, int64_t step, int64_t steps,
                                        const std::byte* filters, int64_t strip_step, Fetching& fetching) {
    const std::byte* from[kPlaces];
#pragma GCC unroll 8
    for (int i = 0; i < kPlaces; ++i) from[i] = pixels[i] + work.pixel_offset;
    for (int64_t at = step * kStepBytes; at < (step + steps) * kStepBytes; at += kStepBytes, filters += kStripBytes) {
      typename Arithmetic::Filter filter[kStrips];
      __builtin_prefetch(fetching.from, 0, 2);
      fetching.from += fetching.step_bytes;
#pragma GCC unroll 3
      for (int s = 0; s < kStrips; ++s) filter[s] = Arithmetic::filter(filters + s * strip_step);
#pragma GCC unroll 8
      for (int i = 0; i < kPlaces; ++i) {
        const auto number = Arithmetic::number(from[i] + at);
#pragma GCC unroll 3
        for (int s = 0; s < kStrips; ++s) Arithmetic::add(sums[i][s], number, filter[s]);
      }
    }
  }

  [[gnu::always_inline]] void multiply(const DepthPart& part, Fetching fetching) {
    const int64_t strip_step = work.table.taps * work.steps * kStripBytes;
    const std::byte* filters = work.filters + strip * strip_step + (part.tap * work.steps + part.step) * kStripBytes;
    const std::byte* const* pixels = work.table.tile(place) + part.tap * kTilePlaces;
    int64_t step = part.step;
    for (int64_t left = part.count; left > 0; pixels += kTilePlaces, step = 0) {
      const int64_t steps = left < work.steps - step ? left : work.steps - step;
      add_steps(pixels, step, steps, filters, strip_step, fetching);
      filters += steps * kStripBytes;
      left -= steps;
    }
  }

  [[gnu::always_inline]] void finish(const StripEndings<Arithmetic, kStrips>& endings) const {
    finish_strips<Arithmetic, kPlaces, kStrips>(endings, place, work.table.places, sums);
  }
};

/// Places that follow one another.
struct PlaceRange {
  int64_t first, end;
};

/// What comes after a part of some strips, fetched in shares by tiles that follow one another.
class FetchedFilters {
 public:
  /// `first`: of the strips' filters, which lie strip_bytes apart.
  FetchedFilters(const std::byte* first, int64_t strip_bytes, int64_t strips, int64_t tiles)
      : from_(first),
        strip_bytes_(strip_bytes),
        strips_(strips),
        tiles_of_strip_(tiles > strips ? tiles / strips : 1),
        step_bytes_(kStripBytes / tiles_of_strip_) {}

  /// `steps`: of the tile.
  Fetching next(int64_t steps) {
    if (strips_ == 0 || step_bytes_ == 0) return {from_, 0};
    const Fetching fetching{from_ + tile_ * steps * step_bytes_, step_bytes_};
    if (++tile_ == tiles_of_strip_) {
      tile_ = 0;
      --strips_;
      from_ += strip_bytes_;
    }
    return fetching;
  }

 private:
  const std::byte* from_;
  int64_t strip_bytes_, strips_, tiles_of_strip_, step_bytes_, tile_ = 0;
};

/// A part of the depth of kStrips strips, from `strip` on.
template <typename Arithmetic, int kStrips>
struct StripsPart {
  const PlaceWork& work;
  const StripEndings<Arithmetic, kStrips>& endings;
  int64_t strip;
  DepthPart part;

  FetchedFilters fetched_by(const PlaceRange& range) const {
    const int64_t strip_steps = work.table.taps * work.steps;
    const int64_t first = part.ends ? (strip + kStrips) * strip_steps
                                    : strip * strip_steps + part.tap * work.steps + part.step + part.count;
    return {work.filters + first * kStripBytes, strip_steps * kStripBytes, kStrips,
            (range.end - range.first) / Arithmetic::kPlaces};
  }

  template <int kPlaces>
  [[gnu::noinline]] void multiply_tile(int64_t place, const Fetching& fetching) const {
    PlaceTile<Arithmetic, kPlaces, kStrips> tile{work, place, strip, {}};
    part.begins ? tile.begin() : tile.go_on();
    tile.multiply(part, fetching);
    part.ends ? tile.finish(endings) : tile.wait();
  }

  void multiply(const PlaceRange& range) const {
    constexpr int kPlaces = Arithmetic::kPlaces;
    FetchedFilters fetched = fetched_by(range);
    for (int64_t place = range.first; place < range.end;) {
      const int64_t left = range.end - place;
      if (left > kPlaces / 2) {
        multiply_tile<kPlaces>(place, fetched.next(part.count));
        place += kPlaces;
      } else if (left > kPlaces / 4) {
        multiply_tile<kPlaces / 2>(place, fetched.next(part.count));
        place += kPlaces / 2;
      } else {
        multiply_tile<kPlaces / 4>(place, fetched.next(part.count));
        place += kPlaces / 4;
      }
    }
  }
};

template <typename Arithmetic, int kStrips>
void multiply_strips(const PlaceWork& work, const typename Arithmetic::Destination& to, int64_t strip) {
  const int64_t depth = work.table.taps * work.steps, places = work.table.places;
  const int64_t at_once = depth > kDepthOfPart ? kWaitingPlaces : places;
  const auto endings =
      endings_of<Arithmetic>(to, strip * kStrip, work.outputs, std::make_integer_sequence<int, kStrips>());
  for (int64_t place = 0; place < places; place += at_once) {
    const PlaceRange range{place, place + at_once < places ? place + at_once : places};
    for (int64_t at = 0; at < depth; at += kDepthOfPart) {
      const int64_t end = at + kDepthOfPart < depth ? at + kDepthOfPart : depth;
      const DepthPart part{at / work.steps, at % work.steps, end - at, at == 0, end == depth};
      StripsPart<Arithmetic, kStrips>{work, endings, strip, part}.multiply(range);
    }
  }
}

template <typename Arithmetic>
void multiply_places(const PlaceWork& work, const typename Arithmetic::Destination& to) {
  const int64_t strips = (work.outputs + kStrip - 1) / kStrip;
  int64_t strip = 0;
  if constexpr (Arithmetic::kStrips == 3) {
    // Four are twice two, not three and one.
    for (; strips - strip >= 3 && strips - strip != 4; strip += 3) multiply_strips<Arithmetic, 3>(work, to, strip);
    for (; strips - strip >= 2; strip += 2) multiply_strips<Arithmetic, 2>(work, to, strip);
  }
  for (; strip < strips; ++strip) multiply_strips<Arithmetic, 1>(work, to, strip);
}

/// Channels of their own: four places of kStrips strips, the last of which has `last` numbers.
template <typename Arithmetic, int kStrips>
struct ChannelTile {
  static constexpr int kPlaces = 4;

  const ChannelWork& work;
  int64_t place, channel;
  typename Arithmetic::Sums sums[kPlaces][kStrips];

  [[gnu::always_inline]] void multiply(int64_t last) {
#pragma GCC unroll 4
    for (auto& row : sums) {
#pragma GCC unroll 4
      for (auto& sum : row) sum = Arithmetic::none();
    }
    const int64_t row_bytes = (work.channels + kStrip - 1) / kStrip * kStripBytes;
    const std::byte* filters = work.filters + channel * (kStripBytes / kStrip);
    const std::byte* const* pixels = work.table.tile(place);
    for (int64_t tap = 0; tap < work.table.taps; ++tap, pixels += kTilePlaces, filters += row_bytes) {
#pragma GCC unroll 4
      for (int s = 0; s < kStrips; ++s) {
        const auto weights = Arithmetic::weights(filters + s * kStripBytes);
#pragma GCC unroll 4
        for (int i = 0; i < kPlaces; ++i) {
          const std::byte* from = pixels[i] + (channel + s * kStrip) * Arithmetic::kChannelBytes;
          Arithmetic::add_channels(sums[i][s], Arithmetic::channels(from, s + 1 < kStrips ? kStrip : last), weights);
        }
      }
    }
  }
};

template <typename Arithmetic, int kStrips>
[[gnu::noinline]] void filter_tile(const ChannelWork& work, const typename Arithmetic::Destination& to, int64_t place,
                                   int64_t channel) {
  ChannelTile<Arithmetic, kStrips> tile{work, place, channel, {}};
  const int64_t last = work.channels - channel - (kStrips - 1) * kStrip;
  last >= kStrip ? tile.multiply(kStrip) : tile.multiply(last);
  const auto endings = endings_of<Arithmetic>(to, channel, work.channels, std::make_integer_sequence<int, kStrips>());
  finish_strips<Arithmetic, tile.kPlaces, kStrips>(endings, place, work.table.places, tile.sums);
}

/// Of the channels from strip `first` on.
template <typename Arithmetic>
void filter_strips(const ChannelWork& work, const typename Arithmetic::Destination& to, int64_t first) {
  const int64_t strips = (work.channels + kStrip - 1) / kStrip;
  for (int64_t place = 0; place < work.table.places; place += 4) {
    int64_t strip = first;
    if constexpr (Arithmetic::kStrips == 3) {
      for (; strip + 4 <= strips; strip += 4) filter_tile<Arithmetic, 4>(work, to, place, strip * kStrip);
      for (; strip + 2 <= strips; strip += 2) filter_tile<Arithmetic, 2>(work, to, place, strip * kStrip);
    }
    for (; strip < strips; ++strip) filter_tile<Arithmetic, 1>(work, to, place, strip * kStrip);
  }
}

template <typename Arithmetic>
void filter_channels(const ChannelWork& work, const typename Arithmetic::Destination& to) {
  filter_strips<Arithmetic>(work, to, 0);
}

}  // namespace
}  // namespace adze::ops
