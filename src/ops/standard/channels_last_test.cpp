// Ops with channels last are those with channels first, turned; on every instruction set of this machine.
#include "ops/standard/channels_last.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "base/cpu_features.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/test_random_convolutions.h"
#include "ops/standard/transpose.h"

namespace adze::ops {
namespace {

using test::Dims;
using test::random_convolution;
using test::RandomShapes;
using test::run;
using test::scalar;

/// Runs `body` with each instruction set pinned that this processor has.
template <typename Body>
void on_every_isa(Body body) {
  const char* before = std::getenv("ADZE_FORCE_ISA");
  const std::string kept = before ? before : "";
  for (const char* isa : {"scalar", "avx2", "avx512", "amx", "neon"}) {
    setenv("ADZE_FORCE_ISA", isa, 1);
    try {
      active_isa();
    } catch (const std::exception&) {
      continue;  // not here
    }
    SCOPED_TRACE(isa);
    body();
  }
  kept.empty() ? unsetenv("ADZE_FORCE_ISA") : setenv("ADZE_FORCE_ISA", kept.c_str(), 1);
}

bool same_bytes(const HostTensor& a, const HostTensor& b) {
  return a.dims() == b.dims() && std::memcmp(a.bytes().data(), b.bytes().data(), a.bytes().size()) == 0;
}

TEST(ChannelsLast, ConvolutionsOfFloatsAreThoseOfDoubles) {
  on_every_isa([] {
    RandomShapes shapes(21);
    ThreadPool pool(3);
    for (int round = 0; round < 80; ++round) {
      const auto c = random_convolution(shapes);
      const HostTensor x = shapes.floats(c.x), weights = shapes.floats(c.weights), bias = shapes.floats({c.weights[0]});
      SCOPED_TRACE(x.description() + " " + weights.description());
      const auto plain = channels_last(run("Conv", {to_f64(x), to_f64(weights), to_f64(bias)}, c.attributes));
      const HostTensor addend = shapes.floats(plain.dims());
      const HostValues inputs{channels_last(x), weights, bias, addend};
      auto attributes = c.attributes;
      attributes["activation"] = std::string("Relu");
      const auto fast = run("NhwcFusedConv", inputs, attributes);
      ASSERT_EQ(fast.dims(), plain.dims());
      for (size_t i = 0; i < static_cast<size_t>(fast.count()); ++i) {
        const double sum = plain.numbers<double>()[i] + static_cast<double>(addend.numbers<float>()[i]);
        ASSERT_NEAR(fast.numbers<float>()[i], std::max(sum, 0.0), 2e-5) << i;
      }
      ASSERT_TRUE(same_bytes(fast, run("NhwcFusedConv", inputs, attributes, &pool)));
    }
  });
}

TEST(ChannelsLast, QuantizedConvolutionsAreTheSame) {
  on_every_isa([] {
    RandomShapes shapes(22);
    ThreadPool pool(3);
    for (int round = 0; round < 120; ++round) {
      const auto c = random_convolution(shapes);
      const int64_t outputs = c.weights[0];
      const auto byte_type = [&] { return shapes.between(0, 1) ? &codecs::u8.info : &codecs::i8.info; };
      const StorageType x_type = byte_type(), w_type = byte_type(), y_type = byte_type();
      const HostTensor x = shapes.bytes(x_type, c.x), weights = shapes.bytes(w_type, c.weights);
      // Mostly what the kernels take: signed weights without a zero point, or the same as unsigned ones.
      const int64_t middle = w_type == &codecs::u8.info ? 128 : 0, shift = shapes.between(0, 4) == 0 ? 3 : 0;
      const std::array<float, 1> one{0.5f}, wide{40.0f};
      const HostTensor x_zero = shapes.bytes(x_type, {}), w_zero = scalar(w_type, middle + shift);
      const HostTensor x_scale = float_tensor({}, one), y_scale = float_tensor({}, wide), y_zero = scalar(y_type, 17);
      HostTensor scales = shapes.floats({outputs});
      for (float& scale : scales.fill<float>()) scale = 0.01f + std::fabs(scale);
      HostValues inputs{x, x_scale, x_zero, weights, scales, w_zero, y_scale, y_zero, shapes.integers({outputs}, 1000)};
      SCOPED_TRACE(x.description() + " " + weights.description());
      const auto first = run("QLinearConv", inputs, c.attributes);
      inputs[0] = channels_last(x);
      auto attributes = c.attributes;
      attributes["channels_last"] = int64_t{1};
      const auto last = run("QLinearConv", inputs, attributes);
      ASSERT_TRUE(same_bytes(last, channels_last(first)));
      ASSERT_TRUE(same_bytes(last, run("QLinearConv", inputs, attributes, &pool)));
    }
  });
}

/// Many channels with an output each.
TEST(ChannelsLast, QuantizedChannelsOfTheirOwnAreTheSame) {
  on_every_isa([] {
    RandomShapes shapes(28);
    ThreadPool pool(3);
    const std::array<float, 1> one{0.5f}, wide{30.0f};
    for (int round = 0; round < 40; ++round) {
      const int64_t channels = shapes.between(30, 210);
      const StorageType type = round % 2 ? &codecs::u8.info : &codecs::i8.info;
      const HostTensor x =
          shapes.bytes(type, {shapes.between(1, 2), channels, shapes.between(4, 11), shapes.between(4, 20)});
      const HostTensor weights =
          shapes.bytes(&codecs::i8.info, {channels, 1, shapes.between(1, 4), shapes.between(1, 4)});
      HostTensor scales = shapes.floats({channels});
      for (float& scale : scales.fill<float>()) scale = 0.01f + std::fabs(scale);
      HostValues inputs{x,
                        float_tensor({}, one),
                        shapes.bytes(type, {}),
                        weights,
                        scales,
                        scalar(&codecs::i8.info, 0),
                        float_tensor({}, wide),
                        scalar(type, 17),
                        shapes.integers({channels}, 1000)};
      SCOPED_TRACE(x.description() + " " + weights.description());
      graph::Attributes attributes{{"group", channels},
                                   {"pads", Dims{shapes.between(0, 2), 1, 0, shapes.between(0, 2)}}};
      const auto first = run("QLinearConv", inputs, attributes);
      inputs[0] = channels_last(x);
      attributes["channels_last"] = int64_t{1};
      ASSERT_TRUE(same_bytes(run("QLinearConv", inputs, attributes), channels_last(first)));
      ASSERT_TRUE(same_bytes(run("QLinearConv", inputs, attributes, &pool), channels_last(first)));
    }
  });
}

/// So deep that sums wait for the next part of the filters.
TEST(ChannelsLast, DeepConvolutionsAreThoseOfDoublesAndOfChannelsFirst) {
  on_every_isa([] {
    RandomShapes shapes(26);
    const std::array<float, 1> one{0.5f}, wide{400.0f};
    for (int round = 0; round < 6; ++round) {
      const int64_t kernel = shapes.between(1, 3), depth = shapes.between(700, 1700) * (round % 2 ? 4 : 1);
      const int64_t channels = depth / kernel / kernel, outputs = shapes.between(1, 70);
      const Dims size{1, channels, shapes.between(kernel, 17), shapes.between(kernel, 17)};
      const Dims filters{outputs, channels, kernel, kernel};
      SCOPED_TRACE(fmt::format("{} channels, {} x {}, {} outputs", channels, kernel, kernel, outputs));
      const HostTensor x = shapes.floats(size), weights = shapes.floats(filters);
      const auto plain = channels_last(run("Conv", {to_f64(x), to_f64(weights)}, {}));
      const auto fast = run("NhwcFusedConv", {channels_last(x), weights}, {});
      for (size_t i = 0; i < static_cast<size_t>(fast.count()); ++i) {
        ASSERT_NEAR(fast.numbers<float>()[i], plain.numbers<double>()[i], 5e-4) << i;
      }
      const HostTensor bytes = shapes.bytes(&codecs::u8.info, size), codes = shapes.bytes(&codecs::i8.info, filters);
      HostValues inputs{bytes,
                        float_tensor({}, one),
                        scalar(&codecs::u8.info, 131),
                        codes,
                        float_tensor({}, one),
                        scalar(&codecs::i8.info, 0),
                        float_tensor({}, wide),
                        scalar(&codecs::u8.info, 120)};
      const auto first = run("QLinearConv", inputs, {});
      inputs[0] = channels_last(bytes);
      ASSERT_TRUE(same_bytes(run("QLinearConv", inputs, {{"channels_last", int64_t{1}}}), channels_last(first)));
    }
  });
}

/// Of 3 x 3 taps and so many channels that Winograd's tiles pay.
TEST(ChannelsLast, WinogradsTilesAreConvolutionsOfDoubles) {
  on_every_isa([] {
    RandomShapes shapes(27);
    ThreadPool pool(3);
    for (int round = 0; round < 10; ++round) {
      const int64_t channels = shapes.between(32, 70), outputs = shapes.between(32, 70);
      const HostTensor x =
          shapes.floats({shapes.between(1, 2), channels, shapes.between(9, 22), shapes.between(9, 22)});
      const HostTensor weights = shapes.floats({outputs, channels, 3, 3}), bias = shapes.floats({outputs});
      const auto pad = [&] { return shapes.between(0, 2); };
      graph::Attributes attributes{{"pads", Dims{pad(), pad(), pad(), pad()}}};
      SCOPED_TRACE(x.description() + " " + weights.description());
      const auto plain = channels_last(run("Conv", {to_f64(x), to_f64(weights), to_f64(bias)}, attributes));
      const HostTensor addend = shapes.floats(plain.dims());
      attributes["activation"] = std::string("Relu");
      const HostValues inputs{channels_last(x), weights, bias, addend};
      const auto fast = run("NhwcFusedConv", inputs, attributes);
      ASSERT_EQ(fast.dims(), plain.dims());
      for (size_t i = 0; i < static_cast<size_t>(fast.count()); ++i) {
        const double sum = plain.numbers<double>()[i] + static_cast<double>(addend.numbers<float>()[i]);
        ASSERT_NEAR(fast.numbers<float>()[i], std::max(sum, 0.0), 1e-4) << i;
      }
      ASSERT_TRUE(same_bytes(fast, run("NhwcFusedConv", inputs, attributes, &pool)));
    }
  });
}

TEST(ChannelsLast, LargeConvolutionsAreTheSameOnAllThreads) {
  RandomShapes shapes(23);
  ThreadPool pool(3);
  const graph::Attributes pads{{"pads", Dims{1, 1, 1, 1}}};
  const auto expect_same = [&](const HostTensor& x, const HostTensor& weights, graph::Attributes attributes) {
    const auto alone = run("NhwcFusedConv", {x, weights}, attributes);
    EXPECT_TRUE(same_bytes(alone, run("NhwcFusedConv", {x, weights}, attributes, &pool)));
  };
  expect_same(shapes.floats({1, 30, 30, 32}), shapes.floats({100, 32, 3, 3}), pads);
  expect_same(shapes.floats({2, 5, 6, 512}), shapes.floats({96, 512, 3, 3}), pads);
  expect_same(shapes.floats({1, 56, 56, 72}), shapes.floats({72, 1, 3, 3}), {{"group", int64_t{72}}});
}

TEST(ChannelsLast, PoolsAreTheSame) {
  RandomShapes shapes(24);
  for (int round = 0; round < 60; ++round) {
    const int64_t rows = shapes.between(3, 20), columns = shapes.between(3, 20);
    const Dims dims{shapes.between(1, 2), shapes.between(1, 40), rows, columns};
    const graph::Attributes window{
        {"kernel_shape", Dims{3, 2}}, {"strides", Dims{2, shapes.between(1, 3)}}, {"pads", Dims{1, 0, 1, 1}}};
    const graph::Attributes last{{"channels_last", int64_t{1}}};
    const HostTensor x = shapes.floats(dims), bytes = shapes.bytes(&codecs::i8.info, dims);
    EXPECT_TRUE(same_bytes(run("NhwcMaxPool", {channels_last(x)}, window), channels_last(run("MaxPool", {x}, window))));
    EXPECT_TRUE(
        same_bytes(run("NhwcMaxPool", {channels_last(bytes)}, window), channels_last(run("MaxPool", {bytes}, window))));
    EXPECT_TRUE(same_bytes(run("GlobalAveragePool", {channels_last(x)}, last),
                           channels_last(run("GlobalAveragePool", {x}, {}))));
    const std::array<float, 1> scale{0.5f}, coarse{0.75f};
    HostValues inputs{bytes, float_tensor({}, scale), scalar(&codecs::i8.info, 3), float_tensor({}, coarse),
                      scalar(&codecs::i8.info, -5)};
    const auto mean = run("QLinearGlobalAveragePool", inputs, {});
    inputs[0] = channels_last(bytes);
    EXPECT_TRUE(same_bytes(run("QLinearGlobalAveragePool", inputs, last), channels_last(mean)));
  }
}

TEST(ChannelsLast, TransposesOfAnyOrderMoveEveryNumber) {
  RandomShapes shapes(25);
  for (int round = 0; round < 200; ++round) {
    const auto rank = static_cast<size_t>(shapes.between(1, 5));
    Dims dims;
    std::vector<size_t> order(rank);
    for (size_t axis = 0; axis < rank; ++axis) {
      dims.push_back(shapes.between(1, 20));
      order[axis] = axis;
    }
    std::ranges::shuffle(order, shapes.random_);
    for (const HostTensor& x : {shapes.bytes(&codecs::u8.info, dims), shapes.floats(dims)}) {
      const auto turned = transpose(x, order);
      const auto width = x.element_bytes();
      for (int64_t i = 0; i < turned.count(); ++i) {
        int64_t rest = i, from = 0;
        for (size_t axis = rank; axis-- > 0;) {
          int64_t below = 1;
          for (size_t inner = order[axis] + 1; inner < rank; ++inner) below *= dims[inner];
          from += rest % turned.dim(axis) * below;
          rest /= turned.dim(axis);
        }
        ASSERT_EQ(std::memcmp(turned.bytes().data() + static_cast<size_t>(i) * width,
                              x.bytes().data() + static_cast<size_t>(from) * width, width),
                  0);
      }
    }
  }
}

}  // namespace
}  // namespace adze::ops
