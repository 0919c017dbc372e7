#include "ops/standard/winograd_convolution.h"

#include <algorithm>

#include "ops/standard/matrix_product.h"

namespace adze::ops {
namespace {

/// Fewer channels leave the transforms more work than they save; with fewer tiles the larger filters, which come from
/// far away, are read for too little.
constexpr int64_t kFewestChannels = 32, kFewestTiles = 16;
/// Numbers of a part that leave the filters room in the second cache, and tiles that are worth reading these again.
constexpr int64_t kNumbersOfPart = 128 * 1024, kTilesOfPart = 48;

/// Tiles of 2 x 2 places of an image.
struct TileGrid {
  const Windows& w;
  int64_t rows, columns;

  explicit TileGrid(const Windows& windows)
      : w(windows), rows(divided_up(w.output[0], 2)), columns(divided_up(w.output[1], 2)) {}

  int64_t count() const { return rows * columns; }
};

/// Some tiles of an image, and where their numbers lie.
class TilePart {
 public:
  TilePart(const Convolution& c, int64_t first, int64_t count)
      : c_(c), grid_(c.windows), first_(first), count_(count) {}

  /// Pointers to the pixels, `outside` in the padding.
  void find_pixels(const float* image, const float* outside, std::vector<const std::byte*>& pixels) const {
    const Windows& w = c_.windows;
    pixels.clear();
    for (int64_t tile = first_; tile < first_ + count_; ++tile) {
      const int64_t y = tile / grid_.columns * 2 - w.before[0], x = tile % grid_.columns * 2 - w.before[1];
      for (int64_t i = 0; i < kTileInputs; ++i) {
        const int64_t row = y + i / 4, column = x + i % 4;
        const bool inside = row >= 0 && row < w.input[0] && column >= 0 && column < w.input[1];
        const float* pixel = inside ? image + (row * w.input[1] + column) * c_.channels : outside;
        pixels.push_back(reinterpret_cast<const std::byte*>(pixel));
      }
    }
  }

  void find_places(std::vector<int64_t>& places) const {
    const Windows& w = c_.windows;
    places.clear();
    for (int64_t tile = first_; tile < first_ + count_; ++tile) {
      for (int64_t i = 0; i < kTileResults; ++i) {
        const int64_t row = tile / grid_.columns * 2 + i / 2, column = tile % grid_.columns * 2 + i % 2;
        places.push_back(row < w.output[0] && column < w.output[1] ? row * w.output[1] + column : -1);
      }
    }
  }

 private:
  const Convolution& c_;
  TileGrid grid_;
  int64_t first_, count_;
};

/// What a thread needs for a part.
struct Rooms {
  std::vector<const std::byte*> pixels, rows;
  std::vector<int64_t> places;
  AlignedVector<float> inputs, sums;
  AlignedVector<std::byte> room;
};

/// Numbers from a product of some tiles to the next: not a multiple of a page, whose lines would share a set of the
/// cache.
int64_t product_step(int64_t tiles, int64_t channels) { return tiles * channels + kStrip; }

int64_t strip_bytes(const Convolution& c) { return divided_up(c.outputs, kStrip) * c.channels * kStripBytes; }

/// The sums of all products: [16][tiles][outputs]
void multiply_tiles(const Convolution& c, const PlaceFilters& filters, int64_t tiles, Rooms& rooms) {
  const int64_t filled = divided_up(tiles, kTilePlaces) * kTilePlaces;
  rooms.rows.resize(static_cast<size_t>(filled));
  for (int64_t i = 0; i < filled; ++i) {
    rooms.rows[static_cast<size_t>(i)] =
        reinterpret_cast<const std::byte*>(rooms.inputs.data() + std::min(i, tiles - 1) * c.channels);
  }
  rooms.room.resize(static_cast<size_t>(room_bytes(c.channels)));
  const ProductEnd end;
  for (int64_t product = 0; product < kTileInputs; ++product) {
    const int64_t offset = product * product_step(tiles, c.channels) * static_cast<int64_t>(sizeof(float));
    const PlaceWork work{{rooms.rows.data(), tiles, 1},
                         offset,
                         c.channels,
                         filters.strips.data() + product * strip_bytes(c),
                         c.outputs,
                         rooms.room.data()};
    place_products().multiply_floats(work,
                                     {rooms.sums.data() + product * product_step(tiles, c.outputs), c.outputs, &end});
  }
}

/// Where the numbers of an image begin.
struct ImageNumbers {
  const float* x;
  const float* outside;
  FloatPlaces to;
};

void convolve_part(const FloatPlaceConvolution& run, const ImageNumbers& image, int64_t first, int64_t count) {
  static thread_local Rooms rooms;
  const Convolution& c = run.c;
  const TilePart part(c, first, count);
  part.find_pixels(image.x, image.outside, rooms.pixels);
  part.find_places(rooms.places);
  const int64_t input_step = product_step(count, c.channels), sum_step = product_step(count, c.outputs);
  rooms.inputs.resize(static_cast<size_t>(kTileInputs * input_step));
  rooms.sums.resize(static_cast<size_t>(kTileInputs * sum_step));
  const WinogradTransforms& transforms = place_products().winograd;
  transforms.transform({rooms.pixels.data(), count, c.channels, rooms.inputs.data(), input_step});
  multiply_tiles(c, run.filters, count, rooms);
  transforms.finish({rooms.sums.data(), count, c.outputs, sum_step, rooms.places.data()}, image.to);
}

int64_t count_parts(const Convolution& c, int64_t tiles, const ThreadPool* pool) {
  const int64_t numbers = tiles * kTileInputs * (c.channels + c.outputs);
  const int64_t fitting = std::min(divided_up(numbers, kNumbersOfPart), tiles / kTilesOfPart);
  const int64_t shared = pool ? divided_up(pool->size(), c.batch) : 1;
  return std::clamp<int64_t>(std::max(fitting, shared), 1, divided_up(tiles, kTilePlaces));
}

/// G g of three numbers, G being the matrix of the filters.
void transform_filter_line(const float* from, int64_t step, float* to, int64_t to_step) {
  const float a = from[0], b = from[step], c = from[2 * step];
  to[0] = a;
  to[to_step] = (a + b + c) / 2;
  to[2 * to_step] = (a - b + c) / 2;
  to[3 * to_step] = c;
}

}  // namespace

bool pays_winograd(const Convolution& c) {
  const Windows& w = c.windows;
  const std::vector<int64_t> ones{1, 1}, threes{3, 3};
  const bool fits = w.kernel == threes && w.strides == ones && w.dilations == ones && c.groups == 1;
  if (!fits || !place_products().winograd.transform) return false;
  return std::min(c.channels, c.outputs) >= kFewestChannels && TileGrid(w).count() >= kFewestTiles;
}

AlignedVector<std::byte> winograd_filters(const Convolution& c, const float* weights) {
  AlignedVector<std::byte> strips(static_cast<size_t>(kTileInputs * strip_bytes(c)), std::byte{0});
  for (int64_t output = 0; output < c.outputs; ++output) {
    for (int64_t channel = 0; channel < c.channels; ++channel) {
      const float* filter = weights + (output * c.channels + channel) * 9;
      float columns[12], products[kTileInputs];  // [4][3], [4][4]
      for (int64_t i = 0; i < 3; ++i) transform_filter_line(filter + i, 3, columns + i, 3);
      for (int64_t i = 0; i < 4; ++i) transform_filter_line(columns + i * 3, 1, products + i * 4, 1);
      std::byte* to = strips.data() + (output / kStrip * c.channels + channel) * kStripBytes;
      for (int64_t product = 0; product < kTileInputs; ++product, to += strip_bytes(c)) {
        reinterpret_cast<float*>(to)[output % kStrip] = products[product];
      }
    }
  }
  return strips;
}

void convolve_winograd(const FloatPlaceConvolution& run, ThreadPool* pool) {
  const Convolution& c = run.c;
  const int64_t tiles = TileGrid(c.windows).count(), units = divided_up(tiles, kTilePlaces);
  ThreadPool* sharing = pool_for(pool, c.batch * tiles * kTileInputs * c.channels * c.outputs, kSharedPlaceWork);
  const int64_t parts = count_parts(c, tiles, sharing);
  const std::vector<float> outside(static_cast<size_t>(c.channels), 0.0f);
  for_each_index(sharing, c.batch * parts, [&](int64_t number) {
    const int64_t image = number / parts, part = number % parts;
    const int64_t first = part * units / parts * kTilePlaces;
    const int64_t end = std::min(tiles, (part + 1) * units / parts * kTilePlaces);
    const int64_t at = image * c.windows.output_count() * c.outputs;
    ProductEnd ending = run.end;
    if (ending.addend) ending.addend += at;
    const float* x = run.x.numbers<float>().data() + image * c.windows.input_count() * c.channels;
    convolve_part(run, {x, outside.data(), {run.out + at, c.outputs, &ending}}, first, end - first);
  });
}

}  // namespace adze::ops
