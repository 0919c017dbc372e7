// Convolutions whose channels come last in plain C++.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "ops/standard/place_products.h"

namespace adze::ops {
namespace {

template <typename T>
T number_at(const std::byte* bytes, int64_t index) {
  T number;
  std::memcpy(&number, bytes + index * static_cast<int64_t>(sizeof(T)), sizeof number);
  return number;
}

float limited(const ProductEnd& end, float sum) {
  if (end.clips) sum = sum < end.least ? end.least : sum > end.most ? end.most : sum;
  return end.leaks && sum < 0 ? end.slope * sum : sum;
}

void finish(const FloatPlaces& to, int64_t place, int64_t output, float sum) {
  const int64_t at = place * to.out_step + output;
  if (to.end->bias) sum += to.end->bias[output];
  if (to.end->addend) sum += to.end->addend[at];
  to.out[at] = limited(*to.end, sum);
}

void finish(const BytePlaces& to, int64_t place, int64_t output, int32_t sum) {
  const IntegerEnd& end = *to.end;
  const int64_t at = place * to.out_step + output;
  if (end.column_terms) sum += end.column_terms[output];
  if (to.sums) {
    to.sums[at] = sum;
    return;
  }
  const float limit = 1 << 24, scaled = static_cast<float>(sum) * end.column_scales[output];
  const auto code = static_cast<int32_t>(std::nearbyintf(std::fmax(std::fmin(scaled, limit), -limit))) + end.zero;
  to.codes[at] = static_cast<uint8_t>(std::clamp(code, end.least, end.most));
}

/// One step of a place times that of a filter of its strip.
float step_product(const std::byte* pixel, const std::byte* filter, float sum) {
  return sum + number_at<float>(pixel, 0) * number_at<float>(filter, 0);
}
int32_t step_product(const std::byte* pixel, const std::byte* filter, int32_t sum) {
  for (int64_t i = 0; i < kDepthOfStep; ++i) sum += number_at<uint8_t>(pixel, i) * number_at<int8_t>(filter, i);
  return sum;
}

template <typename Sum, typename Destination>
void multiply_places(const PlaceWork& work, const Destination& to) {
  const int64_t tap_bytes = work.steps * kStripBytes;
  for (int64_t place = 0; place < work.table.places; ++place) {
    for (int64_t output = 0; output < work.outputs; ++output) {
      const std::byte* filter =
          work.filters + output / kStrip * work.table.taps * tap_bytes + output % kStrip * kStepBytes;
      Sum sum = 0;
      for (int64_t tap = 0; tap < work.table.taps; ++tap) {
        const std::byte* pixel = work.table.tile(place)[tap * kTilePlaces] + work.pixel_offset;
        for (int64_t step = 0; step < work.steps; ++step, filter += kStripBytes) {
          sum = step_product(pixel + step * kStepBytes, filter, sum);
        }
      }
      finish(to, place, output, sum);
    }
  }
}

void dot_places(const DotWork& work, const FloatPlaces& to) {
  const int64_t row = (work.channels + kStrip - 1) / kStrip * kStrip;
  for (int64_t place = 0; place < work.table.places; ++place) {
    const std::byte* const* pixels = work.table.tile(place);
    for (int64_t output = 0; output < work.outputs; ++output) {
      float sum = 0;
      for (int64_t tap = 0; tap < work.table.taps; ++tap) {
        const std::byte* pixel = pixels[tap * kTilePlaces] + work.pixel_offset;
        for (int64_t channel = 0; channel < work.channels; ++channel) {
          const int64_t at = (output * work.table.taps + tap) * row + channel;
          sum += number_at<float>(pixel, channel) * number_at<float>(work.filters, at);
        }
      }
      finish(to, place, output, sum);
    }
  }
}

template <typename Number, typename Sum, typename Destination>
void filter_channels(const ChannelWork& work, const Destination& to) {
  const int64_t row = (work.channels + kStrip - 1) / kStrip * kStrip;
  for (int64_t place = 0; place < work.table.places; ++place) {
    for (int64_t channel = 0; channel < work.channels; ++channel) {
      Sum sum = 0;
      for (int64_t tap = 0; tap < work.table.taps; ++tap) {
        const std::byte* pixel = work.table.tile(place)[tap * kTilePlaces];
        sum += number_at<Number>(pixel, channel) * number_at<Sum>(work.filters, tap * row + channel);
      }
      finish(to, place, channel, sum);
    }
  }
}

}  // namespace

const PlaceProducts kPlaceProductsPortable = {multiply_places<float, FloatPlaces>,
                                              multiply_places<int32_t, BytePlaces>,
                                              filter_channels<float, float, FloatPlaces>,
                                              filter_channels<uint8_t, int32_t, BytePlaces>,
                                              dot_places,
                                              {nullptr, nullptr}};

}  // namespace adze::ops
