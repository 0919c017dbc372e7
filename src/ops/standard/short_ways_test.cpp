// Short ways of single ops against the general ones: the same bits where nothing is approximated.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "ops/standard/test_random_convolutions.h"

namespace adze::ops {
namespace {

using test::Dims;
using test::expect_same_bits;
using test::RandomShapes;
using test::run;

TEST(FewPlaces, AreTheSameSumsAsManyPlaces) {
  RandomShapes shapes(4);
  for (int round = 0; round < 60; ++round) {
    const int64_t channels = shapes.between(2, 40), outputs = shapes.between(16, 70), kernel = shapes.between(1, 5);
    const int64_t length = shapes.between(kernel, kernel + 7), stride = shapes.between(1, 3);
    const HostTensor x = shapes.floats({shapes.between(1, 3), channels, length});
    const HostTensor weights = shapes.floats({outputs, channels, kernel}), bias = shapes.floats({outputs});
    const graph::Attributes attributes{{"strides", Dims{stride}},
                                       {"pads", Dims{1, 0}},
                                       {"activation", "LeakyRelu"},
                                       {"activation_params", std::vector<double>{0.3}}};
    const HostTensor few = run("FusedConv", {x, weights, bias}, attributes);
    // As two axes, of which the other makes many places of the same windows.
    HostTensor tall(&codecs::f32.info, {x.dim(0), channels, 16, length});
    for (int64_t line = 0; line < tall.count() / length; ++line) {
      std::copy_n(x.numbers<float>().begin() + line / 16 * length, length, tall.fill<float>().begin() + line * length);
    }
    auto flat = attributes;
    flat["strides"] = Dims{1, stride};
    flat["pads"] = Dims{0, 1, 0, 0};
    const HostTensor many = run("FusedConv", {tall, weights.reshaped({outputs, channels, 1, kernel}), bias}, flat);
    const int64_t places = few.dims().back();
    for (int64_t line = 0; line < few.count() / places; ++line) {
      const float* expected = many.numbers<float>().data() + line * 16 * places;
      ASSERT_EQ(std::memcmp(few.numbers<float>().data() + line * places, expected,
                            static_cast<size_t>(places) * sizeof(float)),
                0);
    }
  }
}

TEST(SingleAxes, ChangeNoSum) {
  RandomShapes shapes(5);
  const HostTensor x = shapes.floats({2, 6, 50}), weights = shapes.floats({9, 6, 3}), bias = shapes.floats({9});
  const HostTensor line = run("Conv", {x, weights, bias}, {{"strides", Dims{2}}, {"pads", Dims{1, 2}}});
  const HostTensor column = run("Conv", {x.reshaped({2, 6, 50, 1}), weights.reshaped({9, 6, 3, 1}), bias},
                                {{"strides", Dims{2, 3}}, {"pads", Dims{1, 0, 2, 0}}});
  ASSERT_EQ(column.dims(), (Dims{2, 9, line.dim(2), 1}));
  EXPECT_EQ(std::memcmp(line.bytes().data(), column.bytes().data(), line.bytes().size()), 0);
}

TEST(Lstm, TheUsualOneIsTheGeneralOne) {
  RandomShapes shapes(6);
  for (const std::string direction : {"forward", "reverse", "bidirectional"}) {
    const int64_t directions = direction == "bidirectional" ? 2 : 1;
    const int64_t steps = shapes.between(1, 6), batch = shapes.between(1, 3), inputs = shapes.between(1, 20);
    const int64_t hidden = shapes.between(1, 37);
    const HostTensor lengths = shapes.integers({batch}, 0);
    for (int32_t& length : const_cast<HostTensor&>(lengths).fill<int32_t>()) {
      length = static_cast<int32_t>(shapes.between(1, steps));
    }
    const HostValues values{shapes.floats({steps, batch, inputs}),
                            shapes.floats({directions, 4 * hidden, inputs}),
                            shapes.floats({directions, 4 * hidden, hidden}),
                            shapes.floats({directions, 8 * hidden}),
                            lengths,
                            shapes.floats({directions, batch, hidden}),
                            shapes.floats({directions, batch, hidden})};
    const graph::Attributes usual{{"direction", direction}, {"hidden_size", hidden}};
    auto general = usual;
    general["clip"] = 1e30;  // which limits nothing
    const HostTensor got = run("LSTM", values, usual), expected = run("LSTM", values, general);
    ASSERT_EQ(got.dims(), expected.dims());
    for (size_t i = 0; i < static_cast<size_t>(got.count()); ++i) {
      ASSERT_NEAR(got.numbers<float>()[i], expected.numbers<float>()[i], 2e-6);
    }
  }
}

TEST(Squares, AreThoseOfDoubles) {
  RandomShapes shapes(7);
  const HostTensor x = shapes.floats({3, 50});
  const std::array<float, 1> two{2};
  const HostTensor squares = run("Pow", {x, float_tensor({}, two)}, {});
  for (size_t i = 0; i < static_cast<size_t>(x.count()); ++i) {
    const auto number = static_cast<double>(x.numbers<float>()[i]);
    EXPECT_EQ(squares.numbers<float>()[i], static_cast<float>(std::pow(number, 2.0)));
  }
}

TEST(Results, AreWrittenOverInputsThatNobodySees) {
  RandomShapes shapes(8);
  const StandardOp* op = find_standard_op("Add");
  const graph::Node node{op, "n", {0, 1}, {2}, {}, {}, {}};
  const std::function<HostValues(size_t, HostValues)> no_body;
  const HostTensor kept = shapes.floats({4, 5}),
                   copy = HostTensor::of<float>(kept.type(), kept.dims(), kept.numbers<float>());
  HostValues inputs{kept, shapes.floats({4, 5})};
  const std::byte* room = inputs[1].tensor().bytes().data();
  const HostTensor expected = run("Add", inputs, {});
  const auto sum = evaluate(*op, {node, inputs, no_body, nullptr, nullptr, true})[0].tensor();
  EXPECT_EQ(sum.bytes().data(), room);
  expect_same_bits(sum, expected);
  expect_same_bits(kept, copy);
}

TEST(Pads, TakeEveryNumberFromItsPlace) {
  RandomShapes shapes(9);
  for (const std::string mode : {"constant", "edge", "reflect", "wrap"}) {
    const HostTensor x = shapes.floats({3, 7});
    const std::array<float, 1> value{5};
    const HostTensor padded = run("Pad", {x, integer_tensor({1, 2, 0, -3}), float_tensor({}, value)}, {{"mode", mode}});
    ASSERT_EQ(padded.dims(), (Dims{4, 6}));
    for (int64_t i = 0; i < 24; ++i) {
      int64_t row = i / 6 - 1, column = i % 6 - 2;
      const bool outside = row < 0 || column < 0;
      if (mode == "edge") row = std::max<int64_t>(row, 0), column = std::max<int64_t>(column, 0);
      if (mode == "reflect") row = std::abs(row), column = std::abs(column);
      if (mode == "wrap") row = (row + 3) % 3, column = (column + 7) % 7;
      const float expected =
          mode == "constant" && outside ? 5.0f : x.numbers<float>()[static_cast<size_t>(row * 7 + column)];
      EXPECT_EQ(padded.numbers<float>()[static_cast<size_t>(i)], expected) << mode << i;
    }
  }
}

TEST(Slices, OfNumbersInOrderStayWhereTheyAre) {
  RandomShapes shapes(10);
  const HostTensor x = shapes.floats({1, 6, 5});
  const auto slice = [&](int64_t start, int64_t end, int64_t axis, int64_t step) {
    return run("Slice",
               {x, integer_tensor({start}), integer_tensor({end}), integer_tensor({axis}), integer_tensor({step})}, {});
  };
  const HostTensor rows = slice(2, 5, 1, 1);
  EXPECT_EQ(rows.dims(), (Dims{1, 3, 5}));
  EXPECT_EQ(rows.bytes().data(), x.bytes().data() + 2 * 5 * sizeof(float));
  EXPECT_EQ(slice(0, 99, 1, 1).bytes().data(), x.bytes().data());
  const HostTensor turned = slice(-1, -99, 2, -1);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(turned.numbers<float>()[i], x.numbers<float>()[4 - i]);
  EXPECT_EQ(slice(3, 3, 1, 1).count(), 0);
}

TEST(Sums, OfRowsAreThoseOfColumns) {
  RandomShapes shapes(11);
  const HostTensor x = shapes.floats({5, 7, 9});
  const HostTensor turned = run("Transpose", {x}, {{"perm", Dims{0, 2, 1}}});
  for (const std::string op : {"ReduceSum", "ReduceMean"}) {
    const HostTensor rows = run(op, {x, integer_tensor({1})}, {{"keepdims", int64_t{0}}});
    expect_same_bits(rows, run(op, {turned, integer_tensor({2})}, {{"keepdims", int64_t{0}}}));
  }
}

}  // namespace
}  // namespace adze::ops
