// First the rows, then the columns, each rounded to bytes. Weights are integers over 2^22.
#include <algorithm>
#include <cmath>

#include "media/picture.h"

namespace adze::media {
namespace {

constexpr int kWeightBits = 22;

/// What a pixel is made of.
struct Taps {
  int64_t first = 0;
  std::vector<int32_t> weights;
};

double triangle(double distance) { return std::max(0.0, 1.0 - std::fabs(distance)); }

/// Of `from` pixels for each of `to`: as wide as a pixel of the coarser grid to both sides.
std::vector<Taps> taps_of(int64_t from, int64_t to) {
  const double step = static_cast<double>(from) / static_cast<double>(to), reach = std::max(step, 1.0);
  std::vector<Taps> all(static_cast<size_t>(to));
  std::vector<double> parts;
  for (int64_t at = 0; at < to; ++at) {
    const double center = (static_cast<double>(at) + 0.5) * step;
    const auto first = std::max<int64_t>(0, static_cast<int64_t>(center - reach + 0.5));
    const auto end = std::min<int64_t>(from, static_cast<int64_t>(center + reach + 0.5));
    parts.clear();
    double sum = 0;
    for (int64_t i = first; i < end; ++i) {
      parts.push_back(triangle((static_cast<double>(i) - center + 0.5) * (1.0 / reach)));
      sum += parts.back();
    }
    Taps& taps = all[static_cast<size_t>(at)];
    taps.first = first;
    for (const double part : parts) {
      const double share = sum != 0 ? part / sum : part;
      taps.weights.push_back(static_cast<int32_t>(0.5 + share * (1 << kWeightBits)));
    }
  }
  return all;
}

uint8_t rounded(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255)); }
constexpr int32_t kHalf = 1 << (kWeightBits - 1);

Picture with_width(const Picture& picture, int64_t width) {
  Picture result{width, picture.height, picture.channels, {}};
  result.pixels.resize(result.row_bytes() * static_cast<size_t>(result.height));
  const auto taps = taps_of(picture.width, width);
  const auto channels = static_cast<size_t>(picture.channels);
  uint8_t* to = result.pixels.data();
  for (size_t y = 0; y < static_cast<size_t>(picture.height); ++y) {
    const uint8_t* row = picture.pixels.data() + y * picture.row_bytes();
    for (const Taps& tap : taps) {
      for (size_t c = 0; c < channels; ++c) {
        const uint8_t* from = row + static_cast<size_t>(tap.first) * channels + c;
        int32_t sum = kHalf;
        for (const int32_t weight : tap.weights) {
          sum += *from * weight;
          from += channels;
        }
        *to++ = rounded(sum);
      }
    }
  }
  return result;
}

Picture with_height(const Picture& picture, int64_t height) {
  Picture result{picture.width, height, picture.channels, {}};
  const size_t row_bytes = picture.row_bytes();
  result.pixels.resize(row_bytes * static_cast<size_t>(height));
  std::vector<int32_t> sums(row_bytes);
  uint8_t* to = result.pixels.data();
  for (const Taps& tap : taps_of(picture.height, height)) {
    std::ranges::fill(sums, kHalf);
    const uint8_t* from = picture.pixels.data() + static_cast<size_t>(tap.first) * row_bytes;
    for (const int32_t weight : tap.weights) {
      for (size_t i = 0; i < row_bytes; ++i) sums[i] += from[i] * weight;
      from += row_bytes;
    }
    for (const int32_t sum : sums) *to++ = rounded(sum);
  }
  return result;
}

}  // namespace

Picture resized(const Picture& picture, int64_t width, int64_t height) {
  check_picture_size(width, height);
  check_picture_size(width, picture.height);  // what lies between the two steps
  const Picture wide = width == picture.width ? picture : with_width(picture, width);
  return height == picture.height ? wide : with_height(wide, height);
}

}  // namespace adze::media
