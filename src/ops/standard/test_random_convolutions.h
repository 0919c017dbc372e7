// Convolutions of random odd shapes, and how tests compute a standard op.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>

#include "base/thread_pool.h"
#include "codecs/codec.h"
#include "ops/standard/standard_op.h"

namespace adze::ops::test {

using Dims = std::vector<int64_t>;

inline HostTensor run(const std::string& name, const HostValues& inputs, const graph::Attributes& attributes,
                      ThreadPool* pool = nullptr) {
  const StandardOp* op = find_standard_op(name);
  const graph::Node node{op, "n", std::vector<graph::ValueId>(inputs.size()), {0}, attributes, {}, {}};
  const std::function<HostValues(size_t, HostValues)> no_body;
  return evaluate(*op, {node, inputs, no_body, pool})[0].tensor();
}

/// Of one NaN there are many.
inline void expect_same_bits(const HostTensor& got, const HostTensor& expected) {
  ASSERT_EQ(got.description(), expected.description());
  for (size_t i = 0; i < static_cast<size_t>(got.count()); ++i) {
    const float a = got.numbers<float>()[i], b = expected.numbers<float>()[i];
    ASSERT_TRUE(std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b))) << a << " " << b << " at " << i;
  }
}

class RandomShapes {
 public:
  explicit RandomShapes(uint32_t seed) : random_(seed) {}

  int64_t between(int64_t least, int64_t most) { return std::uniform_int_distribution<int64_t>(least, most)(random_); }

  HostTensor floats(Dims dims) {
    HostTensor tensor(&codecs::f32.info, std::move(dims));
    for (float& number : tensor.fill<float>()) number = std::uniform_real_distribution<float>(-1, 1)(random_);
    return tensor;
  }

  HostTensor bytes(StorageType type, Dims dims) {
    HostTensor tensor(type, std::move(dims));
    for (std::byte& number : tensor.fill_bytes()) number = static_cast<std::byte>(between(0, 255));
    return tensor;
  }

  HostTensor integers(Dims dims, int64_t most) {
    HostTensor tensor(&codecs::i32.info, std::move(dims));
    for (int32_t& number : tensor.fill<int32_t>()) number = static_cast<int32_t>(between(-most, most));
    return tensor;
  }

  std::mt19937 random_;
};

struct RandomConvolution {
  Dims x, weights;
  graph::Attributes attributes;
};

inline RandomConvolution random_convolution(RandomShapes& shapes) {
  const auto axes = static_cast<size_t>(shapes.between(1, 3));
  const bool planes = shapes.between(0, 3) == 0;
  const int64_t groups = planes ? shapes.between(1, 9) : shapes.between(1, 3);
  const int64_t channels = planes ? 1 : shapes.between(1, 21);
  RandomConvolution c{
      {shapes.between(1, 3), groups * channels}, {groups * shapes.between(1, planes ? 2 : 19), channels}, {}};
  Dims strides, dilations, pads(2 * axes);
  const bool pointwise = shapes.between(0, 3) == 0;
  for (size_t axis = 0; axis < axes; ++axis) {
    const int64_t kernel = pointwise ? 1 : shapes.between(1, 4);
    dilations.push_back(shapes.between(1, 2));
    strides.push_back(pointwise && shapes.between(0, 1) == 0 ? 1 : shapes.between(1, 3));
    pads[axis] = pointwise ? 0 : shapes.between(0, 3);
    pads[axes + axis] = pointwise ? 0 : shapes.between(0, 3);
    const int64_t least = std::max<int64_t>(1, (kernel - 1) * dilations[axis] + 1 - pads[axis] - pads[axes + axis]);
    c.x.push_back(shapes.between(least, axes == 3 ? 7 : 37));
    c.weights.push_back(kernel);
  }
  c.attributes = {{"group", groups}, {"strides", strides}, {"dilations", dilations}, {"pads", pads}};
  return c;
}

inline HostTensor scalar(StorageType type, int64_t number) {
  HostTensor tensor(type, {});
  tensor.fill_bytes()[0] = static_cast<std::byte>(number);
  return tensor;
}

}  // namespace adze::ops::test
