// Properties of the table, and fast paths against the plain definitions. What each op computes is checked with ONNX's
// own cases by tests/peers/onnx_conformance_peer.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/cpu_features.h"
#include "base/error.h"
#include "codecs/codec.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/float_products.h"
#include "ops/standard/narrow_floats.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/standard_op.h"
#include "tensor/element_types.h"

namespace adze::ops {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

HostValues run(const std::string& name, HostValues inputs, graph::Attributes attributes = {}, size_t outputs = 1) {
  const StandardOp* op = find_standard_op(name);
  if (!op) fail(ErrorCode::internal, "no op {}", name);
  graph::Node node{
      op, "n", std::vector<graph::ValueId>(inputs.size()), std::vector<graph::ValueId>(outputs), std::move(attributes),
      {}, {}};
  const std::function<HostValues(size_t, HostValues)> no_body;
  return evaluate(*op, {node, inputs, no_body});
}

HostTensor random_floats(std::vector<int64_t> dims, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> any(-1, 1);
  HostTensor tensor(&codecs::f32.info, std::move(dims));
  for (float& number : tensor.fill<float>()) number = any(random);
  return tensor;
}

std::string refusal(const std::string& name, HostValues inputs, graph::Attributes attributes = {}) {
  try {
    run(name, std::move(inputs), std::move(attributes));
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(StandardOps, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const auto family : all_standard_ops()) {
    for (const StandardOp& op : family) {
      EXPECT_TRUE(names.insert(op.name).second) << op.name;
      EXPECT_EQ(find_standard_op(op.name), &op);
      EXPECT_FALSE(op.summary.empty()) << op.name;
    }
  }
}

TEST(StandardOps, NoInputsAreRefusedByEveryOp) {
  for (const auto family : all_standard_ops()) {
    for (const StandardOp& op : family) {
      if (op.name == "SequenceEmpty" || op.name == "SequenceConstruct" || op.name == "Optional" ||
          op.name == "TextConstant" || op.name == "OptionalHasElement") {
        continue;
      }
      EXPECT_THROW(run(std::string(op.name), {}), Error) << op.name;
    }
  }
}

TEST(StandardOps, ConvolutionsOfFloatsAreThoseOfDoubles) {
  const auto to_f32 = [](const HostTensor& x) { return x; };
  for (const int64_t groups : {1, 2, 6}) {
    const HostTensor x = to_f32(random_floats({2, 6, 9, 11}, 1)), weights = random_floats({12, 6 / groups, 3, 2}, 2);
    const HostTensor bias = random_floats({12}, 3);
    const graph::Attributes attributes{{"group", groups},
                                       {"strides", std::vector<int64_t>{2, 1}},
                                       {"dilations", std::vector<int64_t>{1, 2}},
                                       {"pads", std::vector<int64_t>{1, 0, 2, 1}}};
    const auto fast = run("Conv", {x, weights, bias}, attributes)[0].tensor();
    const auto plain = run("Conv", {to_f64(x), to_f64(weights), to_f64(bias)}, attributes)[0].tensor();
    ASSERT_EQ(fast.dims(), plain.dims());
    for (size_t i = 0; i < static_cast<size_t>(fast.count()); ++i) {
      ASSERT_NEAR(fast.numbers<float>()[i], plain.numbers<double>()[i], 1e-5);
    }
  }
}

TEST(StandardOps, ProductsOfFloatsAreThoseOfDoubles) {
  for (const int64_t rows : {1, 3, 17}) {
    for (const int64_t columns : {1, 31, 70}) {
      const HostTensor a = random_floats({2, rows, 19}, 4), b = random_floats({19, columns}, 5);
      const auto fast = run("MatMul", {a, b})[0].tensor(), plain = run("MatMul", {to_f64(a), to_f64(b)})[0].tensor();
      for (size_t i = 0; i < static_cast<size_t>(fast.count()); ++i) {
        ASSERT_NEAR(fast.numbers<float>()[i], plain.numbers<double>()[i], 1e-5);
      }
    }
  }
}

void expect_same_as_portable(const FloatProducts& kernels) {
  const HostTensor a = random_floats({13, 40}, 6), panel = random_floats({40, kPanelColumns}, 7);
  for (const int64_t columns : {int64_t{5}, kPanelColumns}) {
    std::vector<float> fast(13 * kPanelColumns, 7), plain(13 * kPanelColumns, 7);
    PanelProduct product{a.numbers<float>().data(),
                         40,
                         40,
                         13,
                         40,
                         panel.numbers<float>().data(),
                         kPanelColumns,
                         fast.data(),
                         kPanelColumns,
                         columns,
                         false,
                         nullptr};
    kernels.multiply(product);
    product.out = plain.data();
    kFloatProductsPortable.multiply(product);
    for (size_t i = 0; i < fast.size(); ++i) ASSERT_NEAR(fast[i], plain[i], 1e-5) << i;
  }
}

TEST(StandardOps, EveryInstructionSetGivesTheSameProducts) {
  if constexpr (kIsX86) {
    if (isa_includes(active_isa(), Isa::avx2)) expect_same_as_portable(kFloatProductsAvx2);
    if (isa_includes(active_isa(), Isa::avx512)) expect_same_as_portable(kFloatProductsAvx512);
  }
  if constexpr (kIsArm64) expect_same_as_portable(kFloatProductsNeon);
}

TEST(StandardOps, NarrowFloatsComeBack) {
  for (const StorageType type : {&codecs::f8_e4m3.info, &codecs::f8_e5m2.info, &kF8E4M3Fnuz, &kF8E5M2Fnuz}) {
    HostTensor all(type, {256});
    for (size_t i = 0; i < 256; ++i) all.fill<uint8_t>()[i] = static_cast<uint8_t>(i);
    const HostTensor wide = widen_floats(all), back = narrow_floats(wide, type, false);
    for (size_t i = 0; i < 256; ++i) {
      const float value = wide.numbers<float>()[i];
      if (value != value) continue;
      EXPECT_EQ(back.numbers<uint8_t>()[i], i) << type->name << " " << value;
    }
  }
}

TEST(StandardOps, NarrowFloatsAreComputedInF32AndRoundedOnce) {
  const std::array<float, 2> numbers{1.0f, 2049.0f};
  const HostTensor x = narrow_floats(float_tensor({2}, numbers), &codecs::f16.info);
  const auto sum = run("Add", {x, x})[0].tensor();
  EXPECT_EQ(sum.type(), &codecs::f16.info);
  EXPECT_THAT(widen_floats(sum).numbers<float>(), ElementsAre(2.0f, 4096.0f));
}

TEST(StandardOps, ShapesAreBroadcast) {
  const HostTensor a = integer_tensor({1, 2, 3}).reshaped({3, 1}), b = integer_tensor({10, 20});
  const auto sum = run("Add", {a, b})[0].tensor();
  EXPECT_THAT(sum.dims(), ElementsAre(3, 2));
  EXPECT_THAT(sum.numbers<int64_t>(), ElementsAre(11, 21, 12, 22, 13, 23));
  EXPECT_THAT(refusal("Add", {integer_tensor({1, 2}), integer_tensor({1, 2, 3})}), HasSubstr("do not fit together"));
}

TEST(StandardOps, BadIndicesAndAxesAreRefused) {
  const HostTensor x = integer_tensor({1, 2, 3});
  EXPECT_THAT(refusal("Gather", {x, integer_tensor({3})}), HasSubstr("index 3 is not within 3 elements"));
  EXPECT_THAT(refusal("Concat", {x, x}, {{"axis", int64_t{1}}}), HasSubstr("there is no axis 1"));
  EXPECT_THAT(refusal("Reshape", {x, integer_tensor({2, -1})}), HasSubstr("cannot take the shape"));
  EXPECT_THAT(refusal("Expand", {x, integer_tensor({int64_t{1} << 40, 3})}), HasSubstr("bytes"));
  EXPECT_THAT(refusal("Div", {x, integer_tensor({0, 1, 1})}), HasSubstr("divided by zero"));
}

TEST(StandardOps, SlicesRunBackwards) {
  const auto y = run("Slice", {integer_tensor({0, 1, 2, 3, 4}), integer_tensor({-1}), integer_tensor({INT64_MIN}),
                               integer_tensor({0}), integer_tensor({-2})})[0]
                     .tensor();
  EXPECT_THAT(y.numbers<int64_t>(), ElementsAre(4, 2, 0));
}

HostTensor one_float(float number) { return float_tensor({}, std::array<float, 1>{number}); }

HostTensor one_byte(StorageType type, int number) {
  HostTensor result(type, {});
  result.fill_bytes()[0] = static_cast<std::byte>(number);
  return result;
}

/// Bytes -128 … 127, with a zero point of -3 and one of 5, beside `step`s of the result.
std::vector<int> fixed_sums(const HostTensor& b, float a_scale, float b_scale, float step, int64_t fixed_point) {
  HostTensor a(&codecs::i8.info, {256});
  for (int i = 0; i < 256; ++i) a.fill<int8_t>()[static_cast<size_t>(i)] = static_cast<int8_t>(i - 128);
  const auto type = &codecs::i8.info;
  const HostTensor y = run("QLinearAdd",
                           {a, one_float(a_scale), one_byte(type, -3), b, one_float(b_scale), one_byte(type, 5),
                            one_float(step), one_byte(type, 7)},
                           {{"fixed_point", fixed_point}})[0]
                           .tensor();
  return {y.numbers<int8_t>().begin(), y.numbers<int8_t>().end()};
}

TEST(StandardOps, FixedPointSumsRoundAHalfUp) {
  HostTensor b(&codecs::i8.info, {256});
  for (int i = 0; i < 256; ++i) b.fill<int8_t>()[static_cast<size_t>(i)] = static_cast<int8_t>(i * 37 & 0xFF);
  for (const float b_scale : {0.5f, -0.5f, 0.25f, 0.0f}) {
    const auto got = fixed_sums(b, 0.5f, b_scale, 1, 1);
    for (int i = 0; i < 256; ++i) {
      const int code = b.numbers<int8_t>()[static_cast<size_t>(i)];
      const double real = 0.5 * (i - 128 + 3) + static_cast<double>(b_scale) * (code - 5);
      EXPECT_EQ(got[static_cast<size_t>(i)], std::clamp(std::floor(real + 0.5) + 7, -128.0, 127.0)) << i;
    }
  }
}

TEST(StandardOps, FixedPointSumsOfOneAddend) {
  const auto got = fixed_sums(one_byte(&codecs::i8.info, 15), 0.3f, 0.1f, 0.2f, 1);
  for (int i = 0; i < 256; ++i) {
    const double exact = (0.3 * (i - 125) + 0.1 * 10) / 0.2 + 7;
    EXPECT_NEAR(got[static_cast<size_t>(i)], std::clamp(exact, -128.0, 127.0), 0.5 + 1e-3) << i;
  }
}

TEST(StandardOps, FactorsTooFarApartForFixedPointAreFloats) {
  const HostTensor b = one_byte(&codecs::i8.info, 6);
  EXPECT_EQ(fixed_sums(b, 300, 1, 1, 1), fixed_sums(b, 300, 1, 1, 0));
  EXPECT_EQ(fixed_sums(b, 1, 1, 4096, 1), fixed_sums(b, 1, 1, 4096, 0));
}

HostTensor bytes_of(std::vector<int64_t> dims, uint8_t value) {
  HostTensor tensor(&codecs::u8.info, std::move(dims));
  std::ranges::fill(tensor.fill<uint8_t>(), value);
  return tensor;
}

TEST(StandardOps, InputsOfTypesThatAnOpDoesNotTakeAreRefused) {
  const HostTensor x = random_floats({1, 4}, 1), narrow = bytes_of({4}, 1);
  const HostTensor targets = integer_tensor({0});
  const graph::Attributes alone{{"reduction", std::string("none")}};
  EXPECT_THAT(refusal("NegativeLogLikelihoodLoss", {bytes_of({1, 3}, 1), targets}, alone), HasSubstr("floats"));
  EXPECT_THAT(refusal("SoftmaxCrossEntropyLoss", {bytes_of({1, 3}, 1), targets}, alone), HasSubstr("floats"));
  EXPECT_THAT(refusal("LayerNormalization", {x, random_floats({4}, 2), narrow}), HasSubstr("u8[4]"));
  EXPECT_THAT(refusal("SkipSimplifiedLayerNormalization", {x, x, random_floats({4}, 2), narrow}), HasSubstr("u8[4]"));
  EXPECT_THAT(refusal("RMSNormalization", {x, narrow}), HasSubstr("u8[4]"));
}

TEST(StandardOps, BlocksOfCodesAreAsLongAsTheRowsOfTheInput) {
  const auto attributes = [](int64_t depth, int64_t block) {
    return graph::Attributes{{"N", int64_t{1}}, {"K", depth}, {"bits", int64_t{4}}, {"block_size", block}};
  };
  const HostTensor x = random_floats({1, 16}, 1), codes = bytes_of({1, 1, 8}, 0x99), scales = random_floats({1}, 2);
  EXPECT_EQ(refusal("MatMulNBits", {x, codes, scales}, attributes(16, 16)), "nothing was refused");
  EXPECT_THAT(refusal("MatMulNBits", {x, codes, scales}, attributes(int64_t{1} << 62, 16)), HasSubstr("no rows"));
  EXPECT_THAT(refusal("MatMulNBits", {x, codes, scales}, attributes(16, int64_t{1} << 62)), HasSubstr("in blocks"));
}

TEST(StandardOps, ZeroPointsOfAMatrixAreOneOrOneForEachColumn) {
  const std::array<float, 1> one{1};
  const HostTensor a = bytes_of({2, 3}, 4), b = bytes_of({3, 5}, 6), scale = float_tensor({}, one),
                   zero = bytes_of({}, 0);
  const auto product = [&](int64_t zeros) {
    return refusal("QGemm", {a, scale, zero, b, scale, bytes_of({zeros}, 1), HostValue(), scale, zero});
  };
  EXPECT_EQ(product(5), "nothing was refused");
  EXPECT_EQ(product(1), "nothing was refused");
  EXPECT_THAT(product(2), HasSubstr("zero points"));
}

TEST(StandardOps, RegionsFarOutsideOfAnImageNeitherHangNorRead) {
  const HostTensor image = random_floats({1, 1, 4, 4}, 1), first = integer_tensor({0});
  const std::array<float, 8> region{0, 0, -1e30f, 0, 1, 1, 1e30f, 1};
  const std::array<float, 4> huge{0, 0, 1e18f, 1e18f}, nowhere{NAN, NAN, NAN, NAN}, box{0, 0, 2, 2};
  const graph::Attributes crop{{"mode", std::string("linear")},
                               {"coordinate_transformation_mode", std::string("tf_crop_and_resize")},
                               {"extrapolation_value", 7.0}};
  const auto cropped =
      run("Resize", {image, float_tensor({8}, region), HostValue(), integer_tensor({1, 1, 3, 3})}, crop)[0].tensor();
  EXPECT_EQ(cropped.numbers<float>()[0], 7);
  EXPECT_THAT(refusal("RoiAlign", {image, float_tensor({1, 4}, huge), first}), HasSubstr("points along a bin"));
  EXPECT_THAT(refusal("RoiAlign", {image, float_tensor({1, 4}, nowhere), first}), HasSubstr("points along a bin"));
  EXPECT_THAT(refusal("RoiAlign", {random_floats({1, 1, 0, 4}, 1), float_tensor({1, 4}, box), first}),
              HasSubstr("no pixels"));
}

TEST(StandardOps, WindowsAndGroupsOfNothingAreRefused) {
  const int64_t many = int64_t{1} << 30;
  EXPECT_THAT(refusal("MaxPool", {random_floats({1, 1, 2, 2}, 1)},
                      {{"kernel_shape", std::vector<int64_t>{many, many}},
                       {"pads", std::vector<int64_t>{many, many, many, many}}}),
              HasSubstr("a window"));
  EXPECT_THAT(
      refusal("Conv", {random_floats({1, 0, 2, 2}, 1), random_floats({0, 0, 1, 1}, 1)}, {{"group", int64_t{1} << 62}}),
      HasSubstr("groups"));
}

HostTensor numbers_of(std::vector<int64_t> dims, std::vector<float> numbers) {
  return float_tensor(std::move(dims), numbers);
}

TEST(StandardOps, TheLargestNumbersAreFoundBesideNan) {
  const HostTensor x = numbers_of({5}, {1, NAN, 2, 9, 3});
  const auto top = run("TopK", {x, integer_tensor({3})}, {}, 2),
             bottom = run("TopK", {x, integer_tensor({5})}, {{"largest", int64_t{0}}}, 2);
  EXPECT_THAT(top[1].tensor().numbers<int64_t>(), ElementsAre(1, 3, 4));
  EXPECT_THAT(bottom[1].tensor().numbers<int64_t>(), ElementsAre(0, 2, 4, 3, 1));
}

TEST(StandardOps, LinesAreResizedByWholeLengths) {
  const auto lengths = [](int64_t from, float scale) {
    return run("Resize", {random_floats({from}, 1), HostValue(), numbers_of({1}, {scale})})[0].tensor().dim(0);
  };
  EXPECT_EQ(lengths(10, 1.3f), 13);
  EXPECT_EQ(lengths(20, 0.9f), 18);
  EXPECT_EQ(lengths(6, 5.0f / 3), 10);
  const HostTensor x = numbers_of({7}, {0, 1, 2, 3, 4, 5, 6});
  const auto line =
      run("Resize", {x, HostValue(), HostValue(), integer_tensor({9})}, {{"nearest_mode", std::string("floor")}});
  EXPECT_EQ(line[0].tensor().numbers<float>()[4], 3);  // (4 + 0.5) * 7 / 9 - 0.5
}

TEST(StandardOps, CubicSamplesRepeatTheBorderBehindThePixelsThatTheyWeigh) {
  const HostTensor image = numbers_of({1, 1, 1, 4}, {1, 2, 4, 8}), grid = numbers_of({1, 1, 1, 2}, {1.5f, 0});
  const graph::Attributes cubic{{"mode", std::string("cubic")}, {"padding_mode", std::string("border")}};
  // At 4.5 the four pixels are numbers 3 to 6, all of which are the last one.
  EXPECT_FLOAT_EQ(run("GridSample", {image, grid}, cubic)[0].tensor().numbers<float>()[0], 8);
  // At 3.25 they are numbers 2 to 5: 4 and three times 8, of which the first weighs -0.10547.
  const HostTensor near = numbers_of({1, 1, 1, 2}, {0.875f, 0});
  EXPECT_NEAR(run("GridSample", {image, near}, cubic)[0].tensor().numbers<float>()[0], 8 + 0.10547 * 4, 1e-4);
}

TEST(StandardOps, NormalizationOfOneDimensionHasOneChannel) {
  const HostTensor one = numbers_of({1}, {1}), two = numbers_of({1}, {2});
  const auto y = run("BatchNormalization", {numbers_of({3}, {1, 2, 3}), two, one, one, one}, {{"epsilon", 0.0}});
  EXPECT_THAT(y[0].tensor().numbers<float>(), ElementsAre(1, 3, 5));
  EXPECT_EQ(y[0].tensor().dims(), std::vector<int64_t>{3});
}

TEST(StandardOps, ParametersOfActivationsGoToThoseThatTakeThem) {
  const HostTensor x = numbers_of({1, 1, 1}, {1}), ones = numbers_of({1, 4, 1}, {1, 1, 1, -1});
  const auto cell = [&](const std::string& names, std::vector<double> alpha) {
    const graph::Attributes attributes{
        {"hidden_size", int64_t{1}}, {"activations", names}, {"activation_alpha", alpha}};
    return run("LSTM", {x, ones, numbers_of({1, 4, 1}, {0, 0, 0, 0})}, attributes, 3)[2].tensor().numbers<float>()[0];
  };
  const float gate = 1 / (1 + std::exp(-1.0f));
  EXPECT_FLOAT_EQ(cell("Sigmoid\nLeakyRelu\nTanh", {0.25}), gate * -0.25f);
  EXPECT_FLOAT_EQ(cell("hardsigmoid\nTanh\nTanh", {}), 0.7f * std::tanh(-1.0f));
}

TEST(StandardOps, RotaryHeadsAreAsWideAsTheirCosines) {
  const HostTensor x = random_floats({1, 2, 8}, 1), angles = random_floats({5, 2}, 2);
  const auto by_width = run("RotaryEmbedding", {x, angles, angles, integer_tensor({3})});
  const auto plain =
      run("RotaryEmbedding", {x, angles, angles, integer_tensor({3, 4}).reshaped({1, 2})}, {{"num_heads", int64_t{2}}});
  EXPECT_EQ(by_width[0].tensor().dims(), x.dims());
  EXPECT_THAT(by_width[0].tensor().numbers<float>(), testing::ElementsAreArray(plain[0].tensor().numbers<float>()));
}

TEST(StandardOps, CodesOfNoNumberAreTheLargest) {
  const HostTensor one = numbers_of({}, {1}), no_number = numbers_of({}, {NAN}), zero = bytes_of({}, 0);
  for (const int64_t channels : {1, 3}) {
    const HostTensor x = bytes_of({1, channels, 1, 9}, 2), weights = bytes_of({1, channels, 1, 1}, 3);
    const auto y = run("QLinearConv", {x, no_number, zero, weights, one, zero, one, zero});
    for (const uint8_t code : y[0].tensor().numbers<uint8_t>()) EXPECT_EQ(code, 255) << channels;
  }
}

}  // namespace
}  // namespace adze::ops
