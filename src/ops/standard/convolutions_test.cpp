// Convolutions and products of random odd shapes: fast paths against sums in double, bits against threads.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "ops/standard/quantized_numbers.h"
#include "ops/standard/test_random_convolutions.h"

namespace adze::ops {
namespace {

using test::Dims;
using test::random_convolution;
using test::RandomShapes;
using test::run;
using test::scalar;

TEST(Convolutions, OfRandomShapesAreThoseOfDoubles) {
  RandomShapes shapes(1);
  ThreadPool pool(3);
  for (int round = 0; round < 150; ++round) {
    const auto c = random_convolution(shapes);
    const HostTensor x = shapes.floats(c.x), weights = shapes.floats(c.weights), bias = shapes.floats({c.weights[0]});
    const auto fast = run("Conv", {x, weights, bias}, c.attributes);
    const auto plain = run("Conv", {to_f64(x), to_f64(weights), to_f64(bias)}, c.attributes);
    SCOPED_TRACE(x.description() + " " + weights.description());
    ASSERT_EQ(fast.dims(), plain.dims());
    for (size_t i = 0; i < static_cast<size_t>(fast.count()); ++i) {
      ASSERT_NEAR(fast.numbers<float>()[i], plain.numbers<double>()[i], 2e-5);
    }
    const auto shared = run("Conv", {x, weights, bias}, c.attributes, &pool);
    ASSERT_EQ(std::memcmp(fast.bytes().data(), shared.bytes().data(), fast.bytes().size()), 0);
  }
}

TEST(Convolutions, DeepOnesAreDividedWithoutAnotherSum) {
  RandomShapes shapes(2);
  const HostTensor x = shapes.floats({1, 700, 5, 6}), weights = shapes.floats({13, 700, 3, 3});
  const graph::Attributes attributes{{"pads", Dims{1, 1, 1, 1}}};
  ThreadPool pool(2);
  const auto fast = run("Conv", {x, weights}, attributes), shared = run("Conv", {x, weights}, attributes, &pool);
  const auto plain = run("Conv", {to_f64(x), to_f64(weights)}, attributes);
  for (size_t i = 0; i < static_cast<size_t>(fast.count()); ++i) {
    ASSERT_NEAR(fast.numbers<float>()[i], plain.numbers<double>()[i], 3e-4);
  }
  EXPECT_EQ(std::memcmp(fast.bytes().data(), shared.bytes().data(), fast.bytes().size()), 0);
}

double activated(const std::string& name, double x) {
  if (name == "Relu") return std::max(x, 0.0);
  if (name == "Clip") return std::clamp(x, -0.5, 1.5);
  if (name == "LeakyRelu") return x < 0 ? 0.25 * x : x;
  if (name == "Sigmoid") return 1 / (1 + std::exp(-x));
  if (name == "Tanh") return std::tanh(x);
  if (name == "HardSigmoid") return std::clamp(0.25 * x + 0.5, 0.0, 1.0);
  return x;
}

TEST(Convolutions, FusedOnesAddAndActivate) {
  RandomShapes shapes(3);
  const std::map<std::string, std::vector<double>> activations = {
      {"", {}},        {"Relu", {}}, {"Clip", {-0.5, 1.5}},       {"LeakyRelu", {0.25}},
      {"Sigmoid", {}}, {"Tanh", {}}, {"HardSigmoid", {0.25, 0.5}}};
  for (const int64_t groups : {1, 4}) {
    const HostTensor x = shapes.floats({2, 4, 7, 9}), weights = shapes.floats({4, 4 / groups, 3, 3});
    const HostTensor bias = shapes.floats({4}), addend = shapes.floats({2, 4, 5, 7});
    const auto plain = run("Conv", {to_f64(x), to_f64(weights), to_f64(bias)}, {{"group", groups}});
    for (const auto& [name, parameters] : activations) {
      graph::Attributes attributes{{"group", groups}, {"activation", name}};
      if (!parameters.empty()) attributes["activation_params"] = parameters;
      const auto fused = run("FusedConv", {x, weights, bias, addend}, attributes);
      for (size_t i = 0; i < static_cast<size_t>(fused.count()); ++i) {
        const double sum = plain.numbers<double>()[i] + static_cast<double>(addend.numbers<float>()[i]);
        ASSERT_NEAR(fused.numbers<float>()[i], activated(name, sum), 1e-5) << name;
      }
    }
  }
}

HostTensor shifted(const HostTensor& x, const HostTensor& zero) { return subtract_zero_point(x, &zero, 0); }

TEST(Convolutions, OfIntegersAreExact) {
  RandomShapes shapes(4);
  ThreadPool pool(3);
  for (int round = 0; round < 120; ++round) {
    const auto c = random_convolution(shapes);
    const StorageType x_type = shapes.between(0, 1) ? &codecs::u8.info : &codecs::i8.info;
    const StorageType w_type = shapes.between(0, 1) ? &codecs::u8.info : &codecs::i8.info;
    const HostTensor x = shapes.bytes(x_type, c.x), weights = shapes.bytes(w_type, c.weights);
    const HostTensor x_zero = shapes.bytes(x_type, {}), w_zero = scalar(w_type, shapes.between(0, 1) * 128);
    SCOPED_TRACE(x.description() + " " + weights.description());
    const auto sums = run("ConvInteger", {x, weights, x_zero, w_zero}, c.attributes, &pool);
    const auto plain = run("Conv", {shifted(x, x_zero), shifted(weights, w_zero)}, c.attributes);
    ASSERT_EQ(sums.dims(), plain.dims());
    for (size_t i = 0; i < static_cast<size_t>(sums.count()); ++i) {
      ASSERT_EQ(sums.numbers<int32_t>()[i], plain.numbers<double>()[i]);
    }
  }
}

TEST(Convolutions, QuantizedOnesAreRoundedSums) {
  RandomShapes shapes(5);
  for (int round = 0; round < 80; ++round) {
    const auto c = random_convolution(shapes);
    const int64_t outputs = c.weights[0];
    const HostTensor x = shapes.bytes(&codecs::u8.info, c.x), weights = shapes.bytes(&codecs::i8.info, c.weights);
    const HostTensor x_zero = scalar(&codecs::u8.info, 100), w_zero = zeros(&codecs::i8.info, {outputs});
    const HostTensor bias = shapes.integers({outputs}, 1000), scales = shapes.floats({outputs});
    for (float& scale : const_cast<HostTensor&>(scales).fill<float>()) scale = 0.01f + std::fabs(scale);
    const std::array<float, 1> one{0.5f}, wide{40.0f};
    const StorageType y_type = shapes.between(0, 1) ? &codecs::u8.info : &codecs::i8.info;
    const HostTensor x_scale = float_tensor({}, one), y_scale = float_tensor({}, wide), y_zero = scalar(y_type, 17);
    const auto codes =
        run("QLinearConv", {x, x_scale, x_zero, weights, scales, w_zero, y_scale, y_zero, bias}, c.attributes);
    const auto sums = run("Conv", {shifted(x, x_zero), to_f64(weights), to_f64(bias)}, c.attributes);
    const int64_t plane = sums.count() / (c.x[0] * outputs);
    const auto limits = integer_limits(y_zero);
    const HostTensor wide_codes = to_f64(codes);
    for (int64_t i = 0; i < sums.count(); ++i) {
      const auto channel = static_cast<size_t>(i / plane % outputs), at = static_cast<size_t>(i);
      const double exact =
          sums.numbers<double>()[at] * 0.5 * static_cast<double>(scales.numbers<float>()[channel]) / 40;
      const double code = std::clamp(exact + 17, limits.least, limits.most);
      ASSERT_NEAR(wide_codes.numbers<double>()[at], code, 0.5 + 1e-3) << i;
    }
  }
}

TEST(Products, OfIntegersAreExact) {
  RandomShapes shapes(6);
  ThreadPool pool(2);
  for (int round = 0; round < 60; ++round) {
    const int64_t rows = shapes.between(1, 90), depth = shapes.between(1, 70), columns = shapes.between(1, 120);
    const StorageType type = shapes.between(0, 1) ? &codecs::u8.info : &codecs::i8.info;
    const HostTensor a = shapes.bytes(&codecs::u8.info, {rows, depth}), b = shapes.bytes(type, {depth, columns});
    const HostTensor a_zero = shapes.bytes(&codecs::u8.info, {}), b_zero = shapes.bytes(type, {columns});
    const auto sums = run("MatMulInteger", {a, b, a_zero, b_zero}, {}, &pool);
    const auto plain = run("MatMul", {shifted(a, a_zero), subtract_zero_point(b, &b_zero, 1)}, {});
    for (size_t i = 0; i < static_cast<size_t>(sums.count()); ++i) {
      ASSERT_EQ(sums.numbers<int32_t>()[i], plain.numbers<double>()[i]);
    }
  }
}

TEST(Products, LargeOnesAreTheSameOnAllThreads) {
  RandomShapes shapes(8);
  ThreadPool pool(3);
  const auto expect_same = [&](const std::string& op, const HostValues& inputs, const graph::Attributes& attributes) {
    const auto alone = run(op, inputs, attributes), shared = run(op, inputs, attributes, &pool);
    EXPECT_EQ(std::memcmp(alone.bytes().data(), shared.bytes().data(), alone.bytes().size()), 0) << op;
  };
  const graph::Attributes pads{{"pads", Dims{1, 1, 1, 1}}}, planes{{"group", int64_t{64}}};
  expect_same("Conv", {shapes.floats({1, 32, 30, 30}), shapes.floats({48, 32, 3, 3})}, pads);
  expect_same("Conv", {shapes.floats({1, 64, 56, 56}), shapes.floats({64, 1, 3, 3})}, planes);
  expect_same("ConvInteger",
              {shapes.bytes(&codecs::u8.info, {1, 32, 30, 30}), shapes.bytes(&codecs::i8.info, {48, 32, 3, 3})}, pads);
  expect_same("MatMul", {shapes.floats({200, 300}), shapes.floats({300, 200})}, {});
  expect_same("MatMulInteger", {shapes.bytes(&codecs::u8.info, {200, 300}), shapes.bytes(&codecs::i8.info, {300, 200})},
              {});
  expect_same("MaxPool", {shapes.floats({1, 64, 112, 112})}, {{"kernel_shape", Dims{3, 3}}});
}

TEST(Products, KeepWhatTheyPacked) {
  RandomShapes shapes(7);
  const HostTensor a = shapes.floats({5, 33}), b = shapes.floats({33, 70}), other = shapes.floats({33, 70});
  const StandardOp* op = find_standard_op("MatMul");
  const graph::Node node{op, "n", {0, 1}, {2}, {}, {}, {}};
  const std::function<HostValues(size_t, HostValues)> no_body;
  NodeMemory memory{{false, true}, nullptr, {}, nullptr};
  const auto product = [&](const HostTensor& right, NodeMemory* kept) {
    const HostValues inputs{a, right};
    return evaluate(*op, {node, inputs, no_body, nullptr, kept})[0].tensor();
  };
  const auto once = product(b, &memory);
  ASSERT_NE(memory.kept, nullptr);
  const auto again = product(other, &memory);  // the second is taken from what was kept
  EXPECT_EQ(std::memcmp(once.bytes().data(), again.bytes().data(), once.bytes().size()), 0);
  const auto plain = product(b, nullptr);
  EXPECT_EQ(std::memcmp(once.bytes().data(), plain.bytes().data(), once.bytes().size()), 0);
}

/// The largest numbers that there are, with as many taps as fit into a float, and one more.
TEST(Convolutions, OfWholePlanesAreExactHoweverLargeTheirNumbers) {
  for (const int64_t taps : {258, 259, 400}) {
    HostTensor x(&codecs::u8.info, {1, 1, taps}), weights(&codecs::u8.info, {1, 1, taps});
    std::ranges::fill(x.fill<uint8_t>(), uint8_t{255});
    std::ranges::fill(weights.fill<uint8_t>(), uint8_t{255});
    x.fill<uint8_t>()[0] = 254;  // so that the sum is odd
    const auto sums = run("ConvInteger", {x, weights}, {});
    EXPECT_EQ(sums.numbers<int32_t>()[0], taps * 255 * 255 - 255) << taps;
  }
}

TEST(Convolutions, ZeroPointsOfDeepFiltersGoRound) {
  const int64_t taps = 20000;
  HostTensor x(&codecs::u8.info, {1, 1, taps}), weights(&codecs::u8.info, {1, 1, taps});
  std::ranges::fill(x.fill<uint8_t>(), uint8_t{3});
  std::ranges::fill(weights.fill<uint8_t>(), uint8_t{250});
  const HostTensor zero = scalar(&codecs::u8.info, 255);
  EXPECT_EQ(run("ConvInteger", {x, weights, zero, zero}, {}).numbers<int32_t>()[0], taps * (3 - 255) * (250 - 255));
}

}  // namespace
}  // namespace adze::ops
