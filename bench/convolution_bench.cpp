// Speed of convolutions whose channels come last, on one thread: multiply-adds per second (bench_clock.h).
// usage: convolution_bench [floats|bytes [SIZE [CHANNELS]]]: of one type, and those of SIZE x SIZE places, of CHANNELS
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "bench_clock.h"
#include "codecs/codec.h"
#include "ops/standard/channels_last_convolution.h"

namespace {

using namespace adze;
using namespace adze::ops;

struct Layer {
  int64_t size, channels, outputs, kernel, stride, groups;  // size: of the square that comes out
};

// Of ResNet-50 and MobileNetV2, and one whose filters fit into the nearest cache.
constexpr Layer kLayers[] = {
    {112, 3, 64, 7, 2, 1},     {56, 64, 64, 1, 1, 1},    {56, 64, 64, 3, 1, 1},    {56, 64, 256, 1, 1, 1},
    {56, 256, 64, 1, 1, 1},    {28, 128, 128, 3, 1, 1},  {28, 128, 512, 1, 1, 1},  {28, 512, 128, 1, 1, 1},
    {14, 256, 256, 3, 1, 1},   {14, 256, 1024, 1, 1, 1}, {14, 1024, 256, 1, 1, 1}, {7, 512, 512, 3, 1, 1},
    {7, 512, 2048, 1, 1, 1},   {7, 2048, 512, 1, 1, 1},  {112, 3, 32, 3, 2, 1},    {112, 32, 32, 3, 1, 32},
    {112, 32, 16, 1, 1, 1},    {112, 16, 96, 1, 1, 1},   {56, 24, 144, 1, 1, 1},   {56, 144, 24, 1, 1, 1},
    {56, 144, 144, 3, 1, 144}, {14, 384, 64, 1, 1, 1},   {14, 64, 384, 1, 1, 1},   {14, 384, 384, 3, 1, 384},
    {7, 960, 160, 1, 1, 1},    {7, 320, 1280, 1, 1, 1},
};

Convolution convolution(const Layer& layer) {
  Windows w;
  const int64_t before = layer.kernel / 2, input = layer.size * layer.stride;
  w.input = {input, input};
  w.kernel = {layer.kernel, layer.kernel};
  w.strides = {layer.stride, layer.stride};
  w.dilations = {1, 1};
  w.before = w.after = {before, before};
  w.output = {layer.size, layer.size};
  return {1, layer.channels, layer.outputs, layer.groups, w};
}

HostTensor numbers(StorageType type, std::vector<int64_t> dims) {
  HostTensor tensor(type, std::move(dims));
  uint32_t state = 1;
  for (std::byte& byte : tensor.fill_bytes())
    byte = static_cast<std::byte>((state = state * 1664525 + 1013904223) >> 24);
  if (type == &codecs::f32.info) {
    for (float& number : tensor.fill<float>())
      number = static_cast<float>((state = state * 1664525 + 1013904223) >> 24);
  }
  return tensor;
}

std::vector<int64_t> weight_dims(const Convolution& c) {
  return {c.outputs, c.group_channels(), c.windows.kernel[0], c.windows.kernel[1]};
}

std::vector<int64_t> input_dims(const Convolution& c) {
  return {1, c.windows.input[0], c.windows.input[1], c.channels};
}

bench::Seconds time_floats(const Convolution& c) {
  const HostTensor weights = numbers(&codecs::f32.info, weight_dims(c)), x = numbers(&codecs::f32.info, input_dims(c));
  const PlaceFilters filters = place_filters(c, weights.numbers<float>().data());
  std::vector<float> out(static_cast<size_t>(c.outputs * c.windows.output_count()));
  return bench::time_runs([&](int times) {
    for (int i = 0; i < times; ++i) convolve_places({c, x, filters, {}, out.data()}, nullptr);
  });
}

bench::Seconds time_bytes(const Convolution& c) {
  const HostTensor weights = numbers(&codecs::i8.info, weight_dims(c)), x = numbers(&codecs::u8.info, input_dims(c));
  const auto filters = signed_place_filters(c, weights, nullptr);
  IntegerResult quantized;
  quantized.scales.assign(static_cast<size_t>(c.outputs), 0.001f);
  quantized.least = 0;
  quantized.most = 255;
  return bench::time_runs([&](int times) {
    for (int i = 0; i < times; ++i) convolve_places({c, x, 3, *filters, nullptr, quantized}, &codecs::u8.info, nullptr);
  });
}

void measure(const char* name, const Layer& layer, bench::Seconds (*time)(const Convolution&)) {
  const Convolution c = convolution(layer);
  const auto seconds = time(c);
  const auto work = static_cast<double>(c.outputs * c.windows.output_count() * c.group_channels() * c.windows.taps());
  std::printf("%s %3ld x %3ld places %4ld -> %4ld channels %ld x %ld stride %ld %9.1f us  %7.1f (%7.1f) GMAC/s\n", name,
              static_cast<long>(layer.size), static_cast<long>(layer.size), static_cast<long>(layer.channels),
              static_cast<long>(layer.outputs), static_cast<long>(layer.kernel), static_cast<long>(layer.kernel),
              static_cast<long>(layer.stride), seconds.elapsed * 1e6, work / seconds.elapsed * 1e-9,
              work / seconds.processor * 1e-9);
}

}  // namespace

// Speeds are medians of elapsed time and, in brackets, the best in processor time.
int main(int arguments, char** words) {
  const std::string_view wanted = arguments > 1 ? words[1] : "";
  const int64_t size = arguments > 2 ? std::atoi(words[2]) : 0, channels = arguments > 3 ? std::atoi(words[3]) : 0;
  for (const Layer& layer : kLayers) {
    if ((size != 0 && layer.size != size) || (channels != 0 && layer.channels != channels)) continue;
    if (wanted != "bytes") measure("floats", layer, time_floats);
    if (wanted != "floats") measure("bytes ", layer, time_bytes);
  }
}
