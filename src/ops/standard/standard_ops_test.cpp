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

}  // namespace
}  // namespace adze::ops
