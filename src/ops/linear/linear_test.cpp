#include "ops/linear/linear.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "codecs/group_codecs.h"
#include "ops/linear/quantize_activation.h"
#include "ops/linear/rows16_packing.h"
#include "ops/linear/test_linear_case.h"
#include "ops/linear/test_random_blocks.h"

namespace adze::ops {
namespace {

std::vector<float> random_floats(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

const Kernel& reference() { return linear.kernels.back(); }

struct Subject {
  const Kernel* kernel;
  const codecs::Codec* codec;
  const char* activation;
};

// Sanitizers look for other mistakes than numbers, in code that all storage types share, and are ten times as slow.
constexpr size_t kSubjectsSkipped = std::string_view(ADZE_SANITIZE).empty() ? 0 : 6;

// One of the family for each width of codes that is packed, and each way to have an offset.
std::vector<const codecs::Codec*> codecs_to_multiply() {
  const auto all = codecs::all_codecs();
  std::vector<const codecs::Codec*> list(all.begin(), all.end());
  for (const char* name : {"affine4_g64_bf16", "affine5_g64_f16", "affine6_g128_bf16", "affine8_g64_bf16",
                           "uint4_g128_f16", "int3_g64_f16", "int8_g128_f32"}) {
    list.push_back(&codecs::group_codec(*codecs::parse_group_codec_name(name)));
  }
  return list;
}

// Every fast kernel with every storage type and activation it accepts on this machine; one in seven under sanitizers.
std::vector<Subject> subjects() {
  std::vector<Subject> list;
  size_t accepted = 0;
  for (const Kernel& kernel : linear.kernels) {
    if (&kernel == &reference() || !isa_includes(active_isa(), kernel.isa)) continue;
    for (const codecs::Codec* codec : codecs_to_multiply()) {
      for (const char* activation : {"f32", "q8_32", "q8_32x2", "q8_256", "q8_256x2"}) {
        const LinearCase probe(*codec, {1, 256, 16}, activation);
        if (!probe.refusal(kernel) && accepted++ % (kSubjectsSkipped + 1) == 0) {
          list.push_back({&kernel, codec, activation});
        }
      }
    }
  }
  return list;
}

std::string name_of(const Subject& subject) {
  return std::string(subject.kernel->name) + " " + std::string(subject.codec->info.name);
}

// Sums of magnitudes that bound the rounding of f32 accumulation: sum |x| * max |w| of the row.
std::vector<double> error_scale(const LinearCase& test, const codecs::Codec& codec, const std::vector<float>& x,
                                const LinearShape& shape) {
  std::vector<double> scale(static_cast<size_t>(shape.tokens * shape.outputs));
  std::vector<float> row(static_cast<size_t>(shape.inputs));
  for (int64_t m = 0; m < shape.outputs; ++m) {
    codec.decode(test.weights.data() + m * test.row_bytes(), row.data(), shape.inputs);
    double largest = 0;
    for (const float weight : row) largest = std::max(largest, static_cast<double>(std::fabs(weight)));
    for (int64_t t = 0; t < shape.tokens; ++t) {
      double sum = 0;
      for (int64_t k = 0; k < shape.inputs; ++k) sum += std::fabs(x[static_cast<size_t>(t * shape.inputs + k)]);
      scale[static_cast<size_t>(t * shape.outputs + m)] = sum * largest;
    }
  }
  return scale;
}

// |fast - reference| <= roundings * 2^-24 * sum |x| max |w|: the sums of n numbers take at most n roundings (for 8-bit
// activations two per block, which this bounds too), and a K type's scale * code may be a few times its value.
void expect_agrees(const Subject& subject, const LinearShape& shape, uint32_t seed, const std::vector<float>& x) {
  LinearCase test(*subject.codec, shape, subject.activation);
  fill_random_blocks(*subject.codec, seed, test.weights);
  const auto bias = random_floats(static_cast<size_t>(shape.outputs), seed + 2);
  std::vector<float> expected(static_cast<size_t>(shape.tokens * shape.outputs));
  std::vector<float> found(expected.size(), -1.0f);
  test.prepare(reference(), 1);
  test.run(x.data(), shape.tokens, bias.data(), expected.data());
  test.prepare(*subject.kernel, 2);
  test.run(x.data(), shape.tokens, bias.data(), found.data());
  const auto scale = error_scale(test, *subject.codec, x, shape);
  const double blocks = static_cast<double>(shape.inputs) / 32;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double bound = (4 * blocks + 16) * 0x1p-24 * scale[i] + 1e-6;
    ASSERT_NEAR(found[i], expected[i], bound) << name_of(subject) << " tokens " << shape.tokens << " inputs "
                                              << shape.inputs << " outputs " << shape.outputs << " at " << i;
  }
}

int64_t rounded_inputs(const Subject& subject, int64_t inputs) {
  const int64_t block = subject.codec->info.block_elements;
  return std::max(block, inputs / block * block);
}

TEST(Linear, fast_kernels_agree_with_the_reference) {
  ASSERT_FALSE(subjects().empty());
  for (const Subject& subject : subjects()) {
    for (const LinearShape& shape : {LinearShape{1, 576, 33},
                                     {2, 1056, 16},
                                     {3, 77, 5},
                                     {5, 2304, 47},
                                     {13, 300, 64},
                                     {37, 512, 17},
                                     {70, 1290, 20},
                                     {400, 64, 35},
                                     {1100, 64, 35}}) {
      // Two planes are twice the columns.
      if (shape.tokens > 100 && std::string_view(subject.activation).ends_with("x2")) continue;
      LinearShape fitting = shape;
      fitting.inputs = rounded_inputs(subject, shape.inputs);
      const auto seed = static_cast<uint32_t>(shape.tokens);
      expect_agrees(subject, fitting, seed,
                    random_floats(static_cast<size_t>(shape.tokens * fitting.inputs), seed + 1));
    }
  }
}

// Every code of an activation is 127 or -127: sums that usually fit into 16 bits do not.
void expect_largest_sums_fit(int64_t tokens) {
  for (const Subject& subject : subjects()) {
    const LinearShape shape{tokens, rounded_inputs(subject, 768), 33};
    std::vector<float> x(static_cast<size_t>(shape.tokens * shape.inputs), 1.0f);
    for (size_t i = 0; i < x.size(); ++i) {
      const size_t token = i / static_cast<size_t>(shape.inputs);
      if (token % 3 == 1 || (token % 3 == 2 && i % 2 == 0)) x[i] = -1.0f;
    }
    expect_agrees(subject, shape, 17, x);
  }
}

TEST(Linear, the_largest_sums_fit) {
  expect_largest_sums_fit(15);
  expect_largest_sums_fit(35);
}

// A row's result is the same bits alone, in any batch and with any number of threads.
TEST(Linear, results_do_not_depend_on_batch_or_threads) {
  constexpr int64_t kTokens = 40;
  for (const Subject& subject : subjects()) {
    const LinearShape shape{kTokens, rounded_inputs(subject, 1376), 41};
    LinearCase test(*subject.codec, shape, subject.activation);
    fill_random_blocks(*subject.codec, 7, test.weights);
    const auto x = random_floats(static_cast<size_t>(kTokens * shape.inputs), 8);
    std::vector<float> whole(static_cast<size_t>(kTokens * shape.outputs));
    test.prepare(*subject.kernel, 1);
    test.run(x.data(), kTokens, nullptr, whole.data());
    for (const unsigned threads : {1u, 2u, 3u}) {
      test.prepare(*subject.kernel, threads);
      for (int64_t tokens = 1; tokens <= kTokens; tokens += threads == 1 ? 1 : 7) {
        const int64_t first = kTokens - tokens;
        std::vector<float> part(static_cast<size_t>(tokens * shape.outputs));
        test.run(x.data() + first * shape.inputs, tokens, nullptr, part.data());
        ASSERT_EQ(0, std::memcmp(part.data(), whole.data() + first * shape.outputs, part.size() * sizeof(float)))
            << name_of(subject) << ": the last " << tokens << " tokens with " << threads << " threads";
      }
    }
  }
}

TEST(Linear, packing_on_the_way_gives_the_same_bits) {
  for (const Subject& subject : subjects()) {
    for (const LinearShape& shape : {LinearShape{1, 576, 33}, {3, 300, 5}, {29, 1376, 80}}) {
      const LinearShape fitting{shape.tokens, rounded_inputs(subject, shape.inputs), shape.outputs};
      LinearCase test(*subject.codec, fitting, subject.activation);
      fill_random_blocks(*subject.codec, 13, test.weights);
      const auto x = random_floats(static_cast<size_t>(fitting.tokens * fitting.inputs), 14);
      std::vector<float> packed(static_cast<size_t>(fitting.tokens * fitting.outputs));
      std::vector<float> mapped(packed.size(), -1.0f);
      test.prepare(*subject.kernel, 2);
      test.run(x.data(), fitting.tokens, nullptr, packed.data());
      test.prepare(*subject.kernel, 2, true);
      test.run(x.data(), fitting.tokens, nullptr, mapped.data());
      ASSERT_EQ(0, std::memcmp(packed.data(), mapped.data(), packed.size() * sizeof(float))) << name_of(subject);
    }
  }
}

TEST(Linear, bad_numbers_stay_in_their_row_and_are_seen) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const Subject& subject : subjects()) {
    const LinearShape shape{4, rounded_inputs(subject, 512), 19};
    LinearCase test(*subject.codec, shape, subject.activation);
    fill_random_blocks(*subject.codec, 3, test.weights);
    auto x = random_floats(static_cast<size_t>(shape.tokens * shape.inputs), 4);
    const auto bias = random_floats(static_cast<size_t>(shape.outputs), 5);
    x[7] = std::numeric_limits<float>::quiet_NaN();
    x[static_cast<size_t>(2 * shape.inputs + 1)] = kInfinity;
    std::fill_n(x.begin() + shape.inputs, shape.inputs, 0.0f);
    std::vector<float> out(static_cast<size_t>(shape.tokens * shape.outputs));
    test.prepare(*subject.kernel, 1);
    test.run(x.data(), shape.tokens, bias.data(), out.data());
    for (int64_t m = 0; m < shape.outputs; ++m) {
      const auto at = [&](int64_t token) { return out[static_cast<size_t>(token * shape.outputs + m)]; };
      EXPECT_TRUE(std::isnan(at(0))) << name_of(subject);
      EXPECT_EQ(at(1), bias[static_cast<size_t>(m)]) << name_of(subject);
      EXPECT_FALSE(std::isfinite(at(2))) << name_of(subject);
      EXPECT_TRUE(std::isfinite(at(3))) << name_of(subject);
    }
  }
}

void expect_same_bits_everywhere(int64_t tokens) {
  for (const Subject& subject : subjects()) {
    const LinearShape shape{tokens, rounded_inputs(subject, 1376), 41};
    LinearCase test(*subject.codec, shape, subject.activation);
    fill_random_blocks(*subject.codec, 11, test.weights);
    const auto x = random_floats(static_cast<size_t>(shape.tokens * shape.inputs), 12);
    std::vector<float> first;
    for (const Subject& other : subjects()) {
      if (other.codec != subject.codec || std::string_view(other.activation) != subject.activation) continue;
      std::vector<float> out(static_cast<size_t>(shape.tokens * shape.outputs));
      test.prepare(*other.kernel, 1);
      test.run(x.data(), shape.tokens, nullptr, out.data());
      if (first.empty()) first = out;
      EXPECT_EQ(0, std::memcmp(first.data(), out.data(), out.size() * sizeof(float))) << name_of(other);
    }
  }
}

// AVX2, AVX-512 and AMX round alike, so a model computes the same numbers on each.
TEST(Linear, instruction_sets_give_the_same_bits) {
  expect_same_bits_everywhere(9);
  expect_same_bits_everywhere(45);
}

// The kernel of another instruction set for the same.
const Kernel& kernel_named(std::string_view name) {
  for (const Kernel& kernel : linear.kernels) {
    if (kernel.name == name) return kernel;
  }
  ADD_FAILURE() << "no kernel " << name;
  return reference();
}

void expect_same_as(const Kernel& other, const Subject& subject, const LinearShape& shape) {
  LinearCase test(*subject.codec, shape, subject.activation);
  fill_random_blocks(*subject.codec, 31, test.weights);
  const auto x = random_floats(static_cast<size_t>(shape.tokens * shape.inputs), 32);
  std::vector<float> found(static_cast<size_t>(shape.tokens * shape.outputs));
  std::vector<float> expected(found.size(), -1.0f);
  test.prepare(*subject.kernel, 2);
  test.run(x.data(), shape.tokens, nullptr, found.data());
  test.prepare(other, 1);
  test.run(x.data(), shape.tokens, nullptr, expected.data());
  EXPECT_EQ(0, std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)))
      << name_of(subject) << " tokens " << shape.tokens << " inputs " << shape.inputs;
}

// Tiles of 16 tokens that panels fill to any extent, and any number of blocks.
TEST(Linear, tiles_give_the_same_bits_as_vectors) {
  if (!isa_includes(active_isa(), Isa::amx)) GTEST_SKIP() << "AMX is not there or not used: its kernels were not run";
  for (const Subject& subject : subjects()) {
    if (subject.kernel->isa != Isa::amx) continue;
    const Kernel& vectors = kernel_named("avx512" + std::string(subject.kernel->name.substr(3)));
    for (const int64_t tokens : {17, 31, 32, 33, 48, 65, 530}) {
      for (const int64_t inputs : {32, 96, 544, 1280}) {
        expect_same_as(vectors, subject, {tokens, rounded_inputs(subject, inputs), 16 + tokens % 32});
      }
    }
  }
}

TEST(Linear, two_planes_are_much_finer_than_one) {
  const LinearShape shape{3, 1024, 24};
  const auto x = random_floats(static_cast<size_t>(shape.tokens * shape.inputs), 21);
  const auto outputs = [&](const char* activation) {
    LinearCase test(codecs::q8_0, shape, activation);
    fill_random_blocks(codecs::q8_0, 22, test.weights);
    std::vector<float> out(static_cast<size_t>(shape.tokens * shape.outputs));
    test.prepare(reference(), 1);
    test.run(x.data(), shape.tokens, nullptr, out.data());
    return out;
  };
  const auto exact = outputs("f32");
  const auto error = [&](const char* activation) {
    const auto found = outputs(activation);
    double sum = 0;
    for (size_t i = 0; i < exact.size(); ++i) sum += std::pow(static_cast<double>(found[i]) - exact[i], 2);
    return std::sqrt(sum);
  };
  EXPECT_LT(error("q8_32x2"), error("q8_32") / 100);
}

TEST(Linear, refusals_say_why) {
  const Kernel& fast = linear.kernels.front();
  EXPECT_EQ(LinearCase(codecs::i32, {1, 32, 16}, "q8_32").refusal(fast), "weight storage i32 has no unpacker");
  EXPECT_EQ(LinearCase(codecs::q4_0, {1, 32, 16}, "q8_256").refusal(fast), "activation is not q8_32 or q8_32x2");
  const Kernel& super = linear.kernels[linear.kernels.size() - 2];
  EXPECT_EQ(LinearCase(codecs::q4_0, {1, 32, 16}, "q8_256").refusal(super),
            "weight storage q4_0 has no blocks of 256 numbers");
}

}  // namespace
}  // namespace adze::ops
