#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/error.h"
#include "media/sound.h"

namespace adze::media {
namespace {

constexpr double kCrossings = 6, kPassed = 0.99;

/// Weights of the samples from `first`, counted from the sample at or before the place.
struct Filter {
  int64_t first = 0;
  std::vector<float> weights;
};

/// For a place `fraction` behind a sample; `band`: the highest frequency that passes, of half the input's rate.
Filter filter_at(double fraction, double band) {
  const double reach = kCrossings / band;
  Filter filter{static_cast<int64_t>(std::ceil(fraction - reach)), {}};
  for (int64_t i = filter.first; static_cast<double>(i) <= fraction + reach; ++i) {
    const double t = std::clamp((static_cast<double>(i) - fraction) * band, -kCrossings, kCrossings);
    const double window = std::pow(std::cos(t * std::numbers::pi / kCrossings / 2), 2);
    const double angle = t * std::numbers::pi;
    filter.weights.push_back(static_cast<float>((angle == 0 ? 1 : std::sin(angle) / angle) * window * band));
  }
  return filter;
}

}  // namespace

Sound mono(const Sound& sound) {
  if (sound.channels == 1) return sound;
  Sound result{sound.rate, 1, std::vector<float>(static_cast<size_t>(sound.length()))};
  const float* from = sound.samples.data();
  for (float& sample : result.samples) {
    float sum = 0;
    for (int64_t c = 0; c < sound.channels; ++c) sum += *from++;
    sample = sum / static_cast<float>(sound.channels);
  }
  return result;
}

Sound resampled(const Sound& mono, int64_t rate) {
  if (rate < 1 || rate > kMostRate) {
    fail(ErrorCode::bad_input, "a rate of {} samples a second; from 1 to {} are possible", rate, kMostRate);
  }
  if (rate == mono.rate) return mono;
  const int64_t common = std::gcd(rate, mono.rate), from = mono.rate / common, to = rate / common;
  if (mono.length() > kMostSamples / to) {
    fail(ErrorCode::bad_input, "{} samples at {} a second are too many at {}", mono.length(), mono.rate, rate);
  }
  const int64_t count = (mono.length() * to + from - 1) / from;
  const double band = std::min(1.0, static_cast<double>(to) / static_cast<double>(from)) * kPassed;
  Sound result{rate, 1, std::vector<float>(static_cast<size_t>(count))};
  std::vector<Filter> filters(static_cast<size_t>(std::min(to, count)));  // by the place within a period
  for (int64_t n = 0; n < count; ++n) {
    const int64_t sample = n * from / to, rest = n * from % to;
    Filter& filter = filters[static_cast<size_t>(n % to)];
    if (filter.weights.empty()) filter = filter_at(static_cast<double>(rest) / static_cast<double>(to), band);
    float sum = 0;
    for (size_t i = 0; i < filter.weights.size(); ++i) {
      const int64_t at = sample + filter.first + static_cast<int64_t>(i);
      if (at >= 0 && at < mono.length()) sum += filter.weights[i] * mono.samples[static_cast<size_t>(at)];
    }
    result.samples[static_cast<size_t>(n)] = sum;
  }
  return result;
}

}  // namespace adze::media
