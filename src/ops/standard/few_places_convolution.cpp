#include "ops/standard/few_places_convolution.h"

#include <algorithm>

#include "ops/standard/matrix_product.h"

namespace adze::ops {
namespace {

/// Half of the places of a lane, to which a panel of places is filled up.
constexpr int64_t kFewPlaces = kPanelLane / 2;

/// The windows of an image, [places][channels][taps].
void lay_out_windows(const Convolution& c, const float* image, float* rows) {
  const int64_t taps = c.windows.taps(), plane = c.windows.input_count(), places = c.windows.output_count();
  std::vector<int64_t> positions(static_cast<size_t>(taps));
  for (int64_t place = 0; place < places; ++place) {
    c.windows.positions(place, positions);
    for (int64_t channel = 0; channel < c.channels; ++channel, rows += taps) {
      const float* from = image + channel * plane;
      for (int64_t tap = 0; tap < taps; ++tap) {
        const int64_t at = positions[static_cast<size_t>(tap)];
        rows[tap] = at < 0 ? 0.0f : from[at];
      }
    }
  }
}

/// What is done with a sum, in the order and with the rules for NaN of the kernels.
float ended(const ProductEnd& end, float sum) {
  if (end.clips) {
    sum = end.least > sum ? end.least : sum;
    sum = end.most < sum ? end.most : sum;
  }
  if (end.leaks) sum = (0.0f > sum ? 0.0f : sum) + end.slope * (0.0f < sum ? 0.0f : sum);
  return sum;
}

/// [places][outputs] -> [outputs][places]
void store_image(const FloatConvolution& run, int64_t image, const float* sums) {
  const Convolution& c = run.c;
  const int64_t places = c.windows.output_count(), first = image * c.outputs * places;
  for (int64_t output = 0; output < c.outputs; ++output) {
    for (int64_t place = 0; place < places; ++place) {
      const int64_t at = first + output * places + place;
      float sum = sums[place * c.outputs + output];
      if (run.end.bias) sum += run.end.bias[output];
      if (run.end.addend) sum += run.end.addend[at];
      run.out[at] = ended(run.end, sum);
    }
  }
}

}  // namespace

bool has_few_places(const Convolution& c) {
  return c.groups == 1 && !c.filters_planes() && c.outputs >= kPanelLane && c.windows.output_count() <= kFewPlaces;
}

std::vector<float> filter_panels(const Convolution& c, const float* weights) {
  const int64_t depth = c.channels * c.windows.taps();
  return packed_panels({weights, 1, depth}, depth, c.outputs);
}

void convolve_few_places(const FloatConvolution& run, const std::vector<float>& panels, ThreadPool* pool) {
  static thread_local std::vector<float> rows, sums;
  const Convolution& c = run.c;
  const int64_t places = c.windows.output_count(), depth = c.channels * c.windows.taps();
  rows.resize(static_cast<size_t>(c.batch * places * depth));
  sums.resize(static_cast<size_t>(c.batch * places * c.outputs));
  for (int64_t image = 0; image < c.batch; ++image) {
    lay_out_windows(c, run.x.data() + image * c.channels * c.windows.input_count(),
                    rows.data() + image * places * depth);
  }
  multiply_floats({c.batch * places, depth, c.outputs, {rows.data(), depth, 1}, {}, sums.data(), panels.data()}, pool);
  for (int64_t image = 0; image < c.batch; ++image) {
    store_image(run, image, sums.data() + image * places * c.outputs);
  }
}

}  // namespace adze::ops
