#include "ops/standard/channels_last_convolution.h"

#include <algorithm>
#include <cstring>

#include "base/cpu_features.h"
#include "codecs/codec.h"
#include "ops/standard/byte_products.h"
#include "ops/standard/matrix_product.h"
#include "ops/standard/winograd_convolution.h"

namespace adze::ops {
namespace {

/// Times as long that the multiply-adds of channels of their own take.
constexpr int64_t kChannelCost = 8;
/// Pointers of a piece's pixels: 64 KiB.
constexpr int64_t kPointersOfPiece = 8192;
/// Least places and outputs of a piece that is made for the sake of another thread; places where each channel has an
/// output of its own.
constexpr int64_t kFewPlaces = 64, kFewOutputs = 3 * kStrip, kFewChannelPlaces = kTilePlaces;

bool is_by_channel(const Convolution& c) { return c.group_channels() == 1 && c.group_outputs() == 1; }

int64_t in_strips(int64_t outputs) { return (outputs + kStrip - 1) / kStrip * kStrip; }

/// Multiply-adds of sixteen sums that it takes to add up the lanes of a sum.
constexpr int64_t kFoldCost = 10;

/// With few outputs a strip is nearly empty, and vectors of channels take fewer steps.
bool is_by_output(const Convolution& c) {
  const int64_t taps = c.windows.taps(), channels = c.group_channels();
  const int64_t folded = c.group_outputs() * (taps * divided_up(channels, kStrip) + kFoldCost);
  return !is_by_channel(c) && folded < taps * channels * divided_up(c.group_outputs(), kStrip);
}

/// Channels of which a window's taps along the last axis are joined.
constexpr int64_t kFewChannels = 32;

/// With few channels, taps one beside the other are taken for one tap with the channels of all: the same convolution
/// over lines that are padded. Pixels lie as far apart as before, so that these overlap.
struct JoinedTaps {
  Convolution c;
  int64_t taps;  // in one; 1: nothing is joined

  explicit JoinedTaps(const Convolution& given) : c(given), taps(1) {
    Windows& w = c.windows;
    const bool joins = c.groups == 1 && c.channels <= kFewChannels && w.kernel.back() > 1 && w.dilations.back() == 1 &&
                       w.before.back() >= 0 && w.after.back() >= 0 && !is_by_channel(c);
    if (!joins) return;
    taps = w.kernel.back();
    c.channels *= taps;
    w.kernel.back() = 1;
    w.input.back() += w.before.back() + w.after.back();
    w.before.back() = w.after.back() = 0;
  }
};

/// Bytes of a group's filters. `step_channels`: channels of a step.
int64_t group_bytes(const Convolution& c, int64_t step_channels) {
  return in_strips(c.group_outputs()) * c.windows.taps() * divided_up(c.group_channels(), step_channels) * kStepBytes;
}

/// Where the number for an output, a channel of its group and a tap lies. A step holds kStepBytes / sizeof(Number).
template <typename Number>
Number* filter_at(const Convolution& c, AlignedVector<std::byte>& strips, int64_t output, int64_t channel,
                  int64_t tap) {
  constexpr int64_t kChannels = kStepBytes / static_cast<int64_t>(sizeof(Number));
  const int64_t row = output % c.group_outputs(), steps = divided_up(c.group_channels(), kChannels);
  const int64_t step = (row / kStrip * c.windows.taps() + tap) * steps + channel / kChannels;
  std::byte* at = strips.data() + output / c.group_outputs() * group_bytes(c, kChannels) + step * kStripBytes;
  return reinterpret_cast<Number*>(at + row % kStrip * kStepBytes) + channel % kChannels;
}

/// Calls each(output, channel of its group, tap, position in the weights), channel and tap as they are joined.
template <typename Each>
void each_weight(const Convolution& given, const JoinedTaps& joined, Each each) {
  const int64_t channels = given.group_channels(), taps = given.windows.taps();
  for (int64_t at = 0; at < given.outputs * channels * taps; ++at) {
    const int64_t channel = at / taps % channels, tap = at % taps;
    each(at / taps / channels, tap % joined.taps * channels + channel, tap / joined.taps, at);
  }
}

/// Where pixels lie: all images, what stands for the padding, and bytes of a pixel.
struct PixelForm {
  const std::byte* x;
  const std::byte* padding;
  int64_t pixel_bytes;
  int64_t step_channels;
};

/// How a convolution is divided, and where its pixels lie.
class PlacePieces {
 public:
  struct Piece {
    int64_t image, group, first, count, first_output, outputs;  // outputs of the group
  };

  PlacePieces(const Convolution& c, unsigned threads) : c_(c), places_(c.windows.output_count()) {
    const int64_t taps = c.windows.taps(), wanted = threads < 2 ? 1 : 4 * static_cast<int64_t>(threads);
    groups_ = is_by_channel(c) ? 1 : c.groups;
    place_parts_ = divided_up(places_, std::max<int64_t>(kFewPlaces, kPointersOfPiece / taps));
    const int64_t few = is_by_channel(c) ? kFewChannelPlaces : kFewPlaces;
    const int64_t most_places = std::max<int64_t>(place_parts_, places_ / few);
    place_parts_ = std::clamp(divided_up(wanted, c.batch * groups_), place_parts_, most_places);
    const int64_t most_outputs = is_by_channel(c) ? 1 : divided_up(c.group_outputs(), kFewOutputs);
    output_parts_ = std::clamp<int64_t>(divided_up(wanted, c.batch * groups_ * place_parts_), 1, most_outputs);
  }

  int64_t count() const { return c_.batch * groups_ * place_parts_ * output_parts_; }

  Piece piece(int64_t number) const {
    const int64_t output_part = number % output_parts_, place_part = number / output_parts_ % place_parts_;
    const int64_t group = number / output_parts_ / place_parts_ % groups_;
    const int64_t image = number / output_parts_ / place_parts_ / groups_;
    const int64_t outputs = is_by_channel(c_) ? c_.outputs : c_.group_outputs();
    const auto [first, end] = part(places_, kTilePlaces, place_part, place_parts_);
    const auto [first_output, end_output] = part(outputs, kStrip, output_part, output_parts_);
    return {image, group, first, end - first, first_output, end_output - first_output};
  }

  /// Pointers to the pixels of `p` into `pixels`.
  PixelTable table(const Piece& p, const PixelForm& form, std::vector<const std::byte*>& pixels) const {
    const int64_t taps = c_.windows.taps();
    pixels.resize(static_cast<size_t>(in_tiles(p.count) * taps));
    const std::byte* image = form.x + p.image * c_.windows.input_count() * form.pixel_bytes;
    for (int64_t i = 0; i < p.count; i += kTilePlaces) {
      find_pixels(p.first + i, std::min(kTilePlaces, p.count - i), {image, &form}, pixels.data() + i * taps);
    }
    return {pixels.data(), p.count, taps};
  }

 private:
  static int64_t in_tiles(int64_t places) { return divided_up(places, kTilePlaces) * kTilePlaces; }

  /// Part `number` of `parts`, beginning with a whole unit.
  static std::pair<int64_t, int64_t> part(int64_t count, int64_t unit, int64_t number, int64_t parts) {
    const int64_t units = divided_up(count, unit);
    return {number * units / parts * unit, std::min(count, (number + 1) * units / parts * unit)};
  }

  struct Source {
    const std::byte* image;
    const PixelForm* form;
  };

  /// Places of a row of the output, one beside the other.
  struct Run {
    int64_t row, column, count;
  };

  Run run_at(int64_t place, int64_t most) const {
    const int64_t width = c_.windows.output.back();
    const int64_t row = place / width, column = place - row * width;
    return {row, column, std::min(most, width - column)};
  }

  /// The pixels of `count` places from `first` on: [taps][kTilePlaces]
  void find_pixels(int64_t first, int64_t count, const Source& source, const std::byte** to) const {
    for (int64_t i = 0; i < kTilePlaces;) {
      // Behind the last place its pixels are repeated.
      const Run run = i < count ? run_at(first + i, count - i) : run_at(first + count - 1, 1);
      fill_run(run, source, to + i);
      i += run.count;
    }
  }

  /// Where the first tap of a place lies along an axis.
  int64_t window_start(size_t axis, int64_t place) const {
    return place * c_.windows.strides[axis] - c_.windows.before[axis];
  }

  void fill_run(const Run& run, const Source& source, const std::byte** to) const {
    const Windows& w = c_.windows;
    const size_t last = w.input.size() - 1;
    const bool flat = last == 0;
    const int64_t pixel = source.form->pixel_bytes, tap_rows = flat ? 1 : w.kernel[0];
    const int64_t step = w.strides[last] * pixel, tap_step = w.dilations[last] * pixel;
    const int64_t x = window_start(last, run.column), y = flat ? 0 : window_start(0, run.row);
    const int64_t reach = (w.kernel[last] - 1) * w.dilations[last] + (run.count - 1) * w.strides[last];
    const bool inside = x >= 0 && x + reach < w.input[last];
    for (int64_t tap_row = 0; tap_row < tap_rows; ++tap_row) {
      const int64_t line = flat ? 0 : y + tap_row * w.dilations[0];
      const std::byte* from = source.image + (line * w.input[last] + x) * pixel;
      if (!flat && (line < 0 || line >= w.input[0])) {
        from = source.form->padding;
        for (int64_t tap = 0; tap < w.kernel[last]; ++tap, to += kTilePlaces) std::fill_n(to, run.count, from);
      } else if (inside) {
        for (int64_t tap = 0; tap < w.kernel[last]; ++tap, from += tap_step, to += kTilePlaces) {
          for (int64_t i = 0; i < run.count; ++i) to[i] = from + i * step;
        }
      } else {
        for (int64_t tap = 0; tap < w.kernel[last]; ++tap, from += tap_step, to += kTilePlaces) {
          for (int64_t i = 0; i < run.count; ++i) {
            const int64_t at = x + tap * w.dilations[last] + i * w.strides[last];
            to[i] = at >= 0 && at < w.input[last] ? from + i * step : source.form->padding;
          }
        }
      }
    }
  }

  const Convolution& c_;
  int64_t places_, groups_ = 1, place_parts_ = 1, output_parts_ = 1;
};

/// A piece of work, its filters and where it reads.
struct PieceOfWork {
  const Convolution& c;
  const PlaceFilters& filters;
  const PixelForm& form;
  PixelTable table;
  PlacePieces::Piece piece;

  int64_t steps() const { return divided_up(c.group_channels(), form.step_channels); }
  int64_t pixel_offset() const { return piece.group * (form.pixel_bytes / c.groups); }

  ChannelWork by_channel() const { return {table, c.channels, filters.strips.data()}; }

  DotWork by_output() const {
    const int64_t bytes = c.windows.taps() * in_strips(c.group_channels()) * kStepBytes;
    const std::byte* first = filters.strips.data() + first_output() * bytes;
    return {table, pixel_offset(), c.group_channels(), first, piece.outputs};
  }

  PlaceWork in_strips_of_outputs() const {
    static thread_local AlignedVector<std::byte> room;
    const int64_t depth = c.windows.taps() * steps();
    room.resize(static_cast<size_t>(room_bytes(depth)));
    const std::byte* strips = filters.strips.data() + piece.group * group_bytes(c, form.step_channels) +
                              piece.first_output * depth * kStepBytes;
    return {table, pixel_offset(), steps(), strips, piece.outputs, room.data()};
  }

  int64_t first_output() const { return piece.group * c.group_outputs() + piece.first_output; }
  int64_t first_number() const {
    return (piece.image * c.windows.output_count() + piece.first) * c.outputs + first_output();
  }
};

/// Calls each(work) for every piece.
template <typename Each>
void run_pieces(const Convolution& c, const PlaceFilters& filters, const PixelForm& form, ThreadPool* pool, Each each) {
  const int64_t sums = c.batch * c.outputs * c.windows.output_count(), cost = is_by_channel(c) ? kChannelCost : 1;
  ThreadPool* sharing = pool_for(pool, sums * c.group_channels() * c.windows.taps() * cost, kSharedPlaceWork);
  const PlacePieces pieces(c, sharing ? sharing->size() : 1);
  for_each_index(sharing, pieces.count(), [&](int64_t number) {
    static thread_local std::vector<const std::byte*> pixels;
    const auto piece = pieces.piece(number);
    each(PieceOfWork{c, filters, form, pieces.table(piece, form, pixels), piece});
  });
}

/// How the numbers of x are copied: each xor `flip`, with `outside` for the padding of joined taps.
struct Copying {
  int64_t number_bytes;
  uint8_t outside, flip;
};

/// Lines with their padding where taps are joined; the last pixel may be read a step beyond its end.
HostTensor padded_lines(const Convolution& given, const JoinedTaps& joined, const HostTensor& x, const Copying& how) {
  const bool pads = joined.taps > 1;
  const int64_t pixel = given.channels * how.number_bytes, width = given.windows.input.back() * pixel;
  const int64_t before = pads ? given.windows.before.back() * pixel : 0;
  const int64_t after = pads ? given.windows.after.back() * pixel : 0;
  const auto bytes = static_cast<int64_t>(x.bytes().size());
  const int64_t lines = width == 0 ? 0 : bytes / width;
  HostTensor copy(&codecs::u8.info, {lines * (before + width + after) + kStepBytes});
  const auto* from = reinterpret_cast<const uint8_t*>(x.bytes().data());
  uint8_t* to = copy.fill<uint8_t>().data();
  for (int64_t line = 0; line < lines; ++line, from += width) {
    to = std::fill_n(to, before, how.outside);
    flip_bytes(from, width, how.flip, to);
    to = std::fill_n(to + width, after, how.outside);
  }
  std::fill_n(to, kStepBytes, uint8_t{0});
  return copy;
}

/// Each as 16 bits, with a step of zeros behind them.
HostTensor widened(const HostTensor& bytes) {
  const int64_t count = static_cast<int64_t>(bytes.bytes().size());
  HostTensor words(&codecs::u8.info, {2 * count + kStepBytes});
  std::byte* to = words.fill_bytes().data();
  widen_to_words(reinterpret_cast<const uint8_t*>(bytes.bytes().data()), count, reinterpret_cast<uint16_t*>(to));
  std::fill_n(to + 2 * count, kStepBytes, std::byte{0});
  return words;
}

int32_t signed_zero(const HostTensor& weights, const HostTensor& zeros, int64_t i) {
  const auto byte = zeros.bytes()[static_cast<size_t>(i)];
  return weights.type() == &codecs::i8.info ? static_cast<int8_t>(byte) : static_cast<int32_t>(byte) - 128;
}

PlaceProducts with_tiles(PlaceProducts products) {
  products.multiply_bytes = multiply_byte_places_amx;
  return products;
}

}  // namespace

const PlaceProducts& place_products() {
  const Isa active = active_isa();
  if constexpr (kIsX86) {
    static const PlaceProducts tiles = with_tiles(kPlaceProductsAvx512);
    if (isa_includes(active, Isa::amx)) return tiles;
    if (isa_includes(active, Isa::avx512)) return kPlaceProductsAvx512;
    if (isa_includes(active, Isa::avx2)) return kPlaceProductsAvx2;
  }
  if constexpr (kIsArm64) {
    if (isa_includes(active, Isa::neon)) return kPlaceProductsNeon;
  }
  return kPlaceProductsPortable;
}

bool can_convolve_places(const Convolution& c) { return c.windows.input.size() <= 2; }

PlaceFilters place_filters(const Convolution& given, const float* weights) {
  if (pays_winograd(given)) return {winograd_filters(given, weights), {}, true};
  const JoinedTaps joined(given);
  const Convolution& c = joined.c;
  PlaceFilters filters;
  if (is_by_channel(c)) {
    const int64_t row = in_strips(c.channels);
    filters.strips.assign(static_cast<size_t>(c.windows.taps() * row) * sizeof(float), std::byte{0});
    auto* to = reinterpret_cast<float*>(filters.strips.data());
    each_weight(given, joined, [&](int64_t o, int64_t, int64_t tap, int64_t at) { to[tap * row + o] = weights[at]; });
    return filters;
  }
  if (is_by_output(c)) {
    const int64_t row = in_strips(c.group_channels()), taps = c.windows.taps();
    filters.strips.assign(static_cast<size_t>(c.outputs * taps * row) * sizeof(float), std::byte{0});
    auto* to = reinterpret_cast<float*>(filters.strips.data());
    each_weight(given, joined, [&](int64_t output, int64_t channel, int64_t tap, int64_t at) {
      to[(output * taps + tap) * row + channel] = weights[at];
    });
    return filters;
  }
  filters.strips.assign(static_cast<size_t>(c.groups * group_bytes(c, 1)), std::byte{0});
  each_weight(given, joined, [&](int64_t output, int64_t channel, int64_t tap, int64_t at) {
    *filter_at<float>(c, filters.strips, output, channel, tap) = weights[at];
  });
  return filters;
}

std::optional<PlaceFilters> signed_place_filters(const Convolution& given, const HostTensor& weights,
                                                 const HostTensor* zeros) {
  const JoinedTaps joined(given);
  const Convolution& c = joined.c;
  const bool is_signed = weights.type() == &codecs::i8.info;
  if (!zeros && !is_signed) return std::nullopt;
  for (int64_t i = 0; zeros && i < zeros->count(); ++i) {
    if (signed_zero(weights, *zeros, i) != 0) return std::nullopt;
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(weights.bytes().data());
  PlaceFilters filters;
  filters.row_sums.assign(static_cast<size_t>(c.outputs), 0);
  const int64_t row = in_strips(c.channels), width = place_products().byte_width;
  const bool by_channel = is_by_channel(c);
  const int64_t channel_bytes = c.windows.taps() * row * kStepBytes;
  filters.strips.assign(static_cast<size_t>(by_channel ? channel_bytes : c.groups * group_bytes(c, kStepBytes / width)),
                        std::byte{0});
  each_weight(given, joined, [&](int64_t output, int64_t channel, int64_t tap, int64_t at) {
    const auto number = static_cast<int8_t>(is_signed ? bytes[at] : bytes[at] ^ 0x80);
    filters.row_sums[static_cast<size_t>(output)] += number;
    if (by_channel && width == 2) {
      reinterpret_cast<int16_t*>(filters.strips.data())[(tap / 2 * row + output) * 2 + tap % 2] = number;
    } else if (by_channel) {
      reinterpret_cast<int32_t*>(filters.strips.data())[tap * row + output] = number;
    } else if (width == 2) {
      *filter_at<int16_t>(c, filters.strips, output, channel, tap) = number;
    } else {
      *filter_at<int8_t>(c, filters.strips, output, channel, tap) = number;
    }
  });
  return filters;
}

void convolve_places(const FloatPlaceConvolution& run, ThreadPool* pool) {
  if (run.c.batch * run.c.outputs * run.c.windows.output_count() == 0) return;
  if (run.filters.winograd) return convolve_winograd(run, pool);
  const JoinedTaps joined(run.c);
  const Convolution& c = joined.c;
  const HostTensor x = joined.taps > 1 ? padded_lines(run.c, joined, run.x, {sizeof(float), 0, 0}) : run.x;
  const std::vector<float> padding(static_cast<size_t>(c.channels), 0.0f);
  const PixelForm form{x.bytes().data(), reinterpret_cast<const std::byte*>(padding.data()),
                       run.c.channels * static_cast<int64_t>(sizeof(float)), 1};
  const PlaceProducts& products = place_products();
  run_pieces(c, run.filters, form, pool, [&](const PieceOfWork& work) {
    ProductEnd end = run.end;
    if (end.bias) end.bias += work.first_output();
    if (end.addend) end.addend += work.first_number();
    const FloatPlaces to{run.out + work.first_number(), c.outputs, &end};
    if (is_by_channel(c)) return products.filter_floats(work.by_channel(), to);
    if (is_by_output(c)) return products.dot_floats(work.by_output(), to);
    products.multiply_floats(work.in_strips_of_outputs(), to);
  });
}

HostTensor convolve_places(const BytePlaceConvolution& run, StorageType type, ThreadPool* pool) {
  const JoinedTaps joined(run.c);
  const Convolution& c = joined.c;
  std::vector<int64_t> dims{c.batch};
  dims.insert(dims.end(), c.windows.output.begin(), c.windows.output.end());
  dims.push_back(c.outputs);
  HostTensor result(type, std::move(dims));
  if (result.count() == 0) return result;
  const ShiftedBytes given{reinterpret_cast<const uint8_t*>(run.x.bytes().data()), run.x.type() == &codecs::i8.info,
                           run.x_zero};
  const PlaceProducts& products = place_products();
  const int64_t width = is_by_channel(c) ? 1 : products.byte_width;
  const bool whole_steps = width == 2 || is_by_channel(c) || c.group_channels() % kStepBytes == 0;
  const bool as_it_is = !given.is_signed && whole_steps && joined.taps == 1;
  const auto outside = static_cast<uint8_t>(given.unsigned_zero());
  const HostTensor bytes = as_it_is ? run.x : padded_lines(run.c, joined, run.x, {1, outside, given.flip()});
  const HostTensor x = width == 2 ? widened(bytes) : bytes;
  std::vector<uint8_t> padding(static_cast<size_t>(c.channels * width + kStepBytes), outside);
  for (size_t i = 1; width == 2 && i < padding.size(); i += 2) padding[i] = 0;
  std::vector<int32_t> terms;
  for (size_t o = 0; o < run.filters.row_sums.size(); ++o) {
    terms.push_back(wrapped_sum(run.bias ? run.bias[o] : 0, -int64_t{given.unsigned_zero()} * run.filters.row_sums[o]));
  }
  auto* codes = reinterpret_cast<uint8_t*>(result.fill_bytes().data());
  const PixelForm form{x.bytes().data(), reinterpret_cast<const std::byte*>(padding.data()), run.c.channels * width,
                       kStepBytes / width};
  run_pieces(c, run.filters, form, pool, [&](const PieceOfWork& work) {
    IntegerEnd end;
    end.column_terms = terms.data() + work.first_output();
    end.column_scales = run.quantized.scales.data() + work.first_output();
    end.zero = run.quantized.zero;
    end.least = run.quantized.least;
    end.most = run.quantized.most;
    const BytePlaces to{nullptr, codes + work.first_number(), c.outputs, &end};
    if (is_by_channel(c)) return products.filter_bytes(work.by_channel(), to);
    products.multiply_bytes(work.in_strips_of_outputs(), to);
  });
  return result;
}

}  // namespace adze::ops
