// Properties that every codec of the table must have, and golden bytes for decoding.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"
#include "tensor/half.h"
#include "tensor/shape.h"

namespace adze::codecs {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<std::byte> encode(const Codec& codec, const std::vector<float>& values,
                              const std::vector<float>& importance = {}) {
  const auto count = static_cast<int64_t>(values.size());
  std::vector<std::byte> packed(static_cast<size_t>(row_bytes(codec.info, count)));
  codec.encode(values.data(), importance.empty() ? nullptr : importance.data(), packed.data(), count);
  return packed;
}

std::vector<float> decode(const Codec& codec, const std::vector<std::byte>& packed) {
  std::vector<float> values(packed.size() / codec.info.block_bytes * codec.info.block_elements);
  codec.decode(packed.data(), values.data(), static_cast<int64_t>(values.size()));
  return values;
}

std::vector<float> gaussian(size_t count, float deviation, uint32_t seed = 1) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<float> values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

double squared_error(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return sum;
}

/// The table and members of the family of group codecs.
std::vector<const Codec*> tested_codecs() {
  std::vector<const Codec*> all(all_codecs().begin(), all_codecs().end());
  all.insert(all.end(), group_codec_samples().begin(), group_codec_samples().end());
  return all;
}

/// The types that pack blocks and can be written.
std::vector<const Codec*> block_encoders() {
  std::vector<const Codec*> chosen;
  for (const Codec* codec : tested_codecs()) {
    if (codec->encode && !codec->info.is_plain()) chosen.push_back(codec);
  }
  return chosen;
}

TEST(CodecTable, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const Codec* codec : tested_codecs()) {
    EXPECT_TRUE(names.insert(codec->info.name).second) << codec->info.name;
    EXPECT_EQ(find_codec(codec->info.name), codec);
    EXPECT_EQ(&codec_of(&codec->info), codec);
    EXPECT_FALSE(codec->info.summary.empty());
  }
  EXPECT_EQ(find_codec("Q4_K"), &q4_k);
  EXPECT_EQ(find_codec("q4"), nullptr);
  EXPECT_THROW(require_codec("q4"), Error);
  const CodecInfo stranger{"stranger", "not in the table", 1, 1};
  EXPECT_THROW(codec_of(&stranger), Error);
}

TEST(CodecDecode, MatchesGoldenVectors) {
  std::ifstream file("tests/golden/codecs/decode.txt");
  ASSERT_TRUE(file) << "run the tests from the top folder of the project";
  std::string name, packed_hex, float_hex;
  size_t lines = 0;
  while (file >> name >> packed_hex >> float_hex) {
    const Codec& codec = require_codec(name);
    std::vector<std::byte> packed(packed_hex.size() / 2);
    for (size_t i = 0; i < packed.size(); ++i) {
      packed[i] = static_cast<std::byte>(std::stoul(packed_hex.substr(2 * i, 2), nullptr, 16));
    }
    const std::vector<float> values = decode(codec, packed);
    ASSERT_EQ(values.size() * 8, float_hex.size()) << name;
    for (size_t i = 0; i < values.size(); ++i) {
      const auto expected = static_cast<uint32_t>(std::stoul(float_hex.substr(8 * i, 8), nullptr, 16));
      ASSERT_EQ(std::bit_cast<uint32_t>(values[i]), expected) << name << " element " << i;
    }
    ++lines;
  }
  EXPECT_EQ(lines, 23u);
}

TEST(CodecDecode, ReadsFromAnyAddress) {
  for (const Codec* codec : tested_codecs()) {
    const size_t bytes = 3 * codec->info.block_bytes;
    std::vector<std::byte> shifted(bytes + 1);
    for (size_t i = 0; i < bytes; ++i) shifted[i + 1] = static_cast<std::byte>(i * 37 % 120);
    const std::vector<float> expected = decode(*codec, {shifted.begin() + 1, shifted.end()});
    std::vector<float> values(expected.size());
    codec->decode(shifted.data() + 1, values.data(), static_cast<int64_t>(values.size()));
    for (size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(std::bit_cast<uint32_t>(values[i]), std::bit_cast<uint32_t>(expected[i])) << codec->info.name;
    }
  }
}

TEST(CodecEncode, PlainTypesKeepWhatTheyCanHold) {
  const std::vector<float> values = {0.0f, 1.0f, 5.0f, 100.0f};
  for (const Codec* codec : all_codecs()) {
    const bool is_coarse = codec == &boolean || codec == &f8_e4m3 || codec == &f8_e5m2;
    if (!codec->info.is_plain() || is_coarse) continue;
    EXPECT_EQ(decode(*codec, encode(*codec, values)), values) << codec->info.name;
  }
  EXPECT_EQ(decode(boolean, encode(boolean, {0.0f, -0.5f, 2.0f, kNan})), (std::vector<float>{0, 1, 1, 0}));
}

TEST(CodecEncode, IntegersRoundAndSaturate) {
  const std::vector<float> values = {kNan, kInfinity, -kInfinity, 1e30f, 2.5f, 3.5f, -1.5f, 127.4f};
  EXPECT_EQ(decode(i8, encode(i8, values)), (std::vector<float>{0, 127, -128, 127, 2, 4, -2, 127}));
  EXPECT_EQ(decode(u8, encode(u8, values)), (std::vector<float>{0, 255, 0, 255, 2, 4, 0, 127}));
  EXPECT_EQ(decode(i64, encode(i64, {1e30f, -1e30f})), (std::vector<float>{0x1p63f, -0x1p63f}));
  EXPECT_EQ(decode(i32, encode(i32, {1e30f, -1e30f})), (std::vector<float>{0x1p31f, -0x1p31f}));
}

TEST(CodecEncode, HalvesFollowIeee) {
  EXPECT_EQ(decode(f16, encode(f16, {65504.0f, 65520.0f, -1e9f, 0x1p-24f, 0x1p-26f})),
            (std::vector<float>{65504.0f, kInfinity, -kInfinity, 0x1p-24f, 0.0f}));
  EXPECT_TRUE(std::isnan(decode(f16, encode(f16, {kNan}))[0]));
  EXPECT_TRUE(std::isnan(decode(bf16, encode(bf16, {kNan}))[0]));
  EXPECT_EQ(decode(bf16, encode(bf16, {1.00390625f, 1.01171875f})), (std::vector<float>{1.0f, 1.015625f}));
}

/// About the error of evenly spaced codes relative to gaussian data; half a bit is what scales cost.
double expected_error(const Codec& codec) {
  if (const GroupLayout* layout = group_layout_of(&codec.info)) {
    constexpr std::array kOfTables = {0.0, 0.175, 0.12, 0.035, 0.07};  // by GroupLevels
    const bool integers = layout->levels == GroupLevels::integers;
    return integers ? 1.4 * std::exp2(1 - layout->bits) : kOfTables[static_cast<size_t>(layout->levels)];
  }
  const double unevenness = &codec == &mxfp4 || &codec == &nvfp4 ? 1.6 : 1.4;
  return unevenness * std::exp2(-std::floor(codec.info.bits_per_weight() - 0.5));
}

/// 8-bit scales end at 448 and are coarse below 2^-6.
bool has_small_range(const Codec& codec) {
  const GroupLayout* layout = group_layout_of(&codec.info);
  return &codec == &nvfp4 || (layout && layout->scale == GroupScale::e4m3);
}

TEST(CodecEncode, ErrorIsWithinTheResolution) {
  const std::vector<float> values = gaussian(256 * 64, 0.02f);
  const double power = squared_error(values, std::vector<float>(values.size()));
  for (const Codec* codec : block_encoders()) {
    const double relative = std::sqrt(squared_error(values, decode(*codec, encode(*codec, values))) / power);
    EXPECT_LT(relative, expected_error(*codec)) << codec->info.name;
    EXPECT_GT(relative, 0.0) << codec->info.name;
  }
}

TEST(CodecEncode, WorksAtEveryMagnitude) {
  for (const Codec* codec : block_encoders()) {
    for (const float magnitude : {1e-3f, 1.0f, 1e3f}) {
      if (has_small_range(*codec) && magnitude != 1.0f) continue;
      const std::vector<float> values = gaussian(512, magnitude);
      const double power = squared_error(values, std::vector<float>(values.size()));
      const double relative = std::sqrt(squared_error(values, decode(*codec, encode(*codec, values))) / power);
      EXPECT_LT(relative, 1.2 * expected_error(*codec)) << codec->info.name << " at " << magnitude;
    }
  }
}

TEST(CodecEncode, PackingTwiceStaysClose) {
  const std::vector<float> values = gaussian(256 * 16, 0.02f);
  for (const Codec* codec : block_encoders()) {
    const std::vector<float> once = decode(*codec, encode(*codec, values));
    const std::vector<float> twice = decode(*codec, encode(*codec, once));
    EXPECT_LT(squared_error(once, twice), 0.1 * squared_error(values, once)) << codec->info.name;
  }
}

// Files of other tools put the extreme number of a block at the end of the range of codes.
TEST(CodecEncode, SimplePackingOfOthersIsKeptExactly) {
  std::mt19937 generator(21);
  for (const Codec* codec : {&q4_0, &q4_1, &q5_0, &q5_1, &q8_0}) {
    const bool affine = codec == &q4_1 || codec == &q5_1;
    const int levels = codec == &q8_0 ? 255 : codec == &q4_0 || codec == &q4_1 ? 16 : 32;
    const int lowest = affine ? 0 : codec == &q8_0 ? -127 : -levels / 2;
    std::vector<float> values(32 * 50);
    for (size_t block = 0; block < 50; ++block) {
      const float scale = f16_to_f32(static_cast<uint16_t>(0x1C00 + generator() % 0x1000)) * (generator() % 2 ? 1 : -1);
      const float offset = affine ? f16_to_f32(static_cast<uint16_t>(0xA000 + generator() % 0x1000)) : 0.0f;
      for (size_t i = 0; i < 32; ++i) {
        const int code = i == 5   ? 0
                         : i == 9 ? levels - 1
                                  : static_cast<int>(generator() % static_cast<unsigned>(levels));
        values[32 * block + i] = (affine ? std::fabs(scale) : scale) * static_cast<float>(code + lowest) + offset;
      }
    }
    EXPECT_EQ(decode(*codec, encode(*codec, values)), values) << codec->info.name;
  }
}

TEST(CodecEncode, TernaryNumbersAreKeptExactly) {
  std::mt19937 generator(22);
  for (const Codec* codec : {&tq1_0, &tq2_0}) {
    std::vector<float> values(256 * 20);
    for (size_t i = 0; i < values.size(); ++i) {
      const float scale = f16_to_f32(static_cast<uint16_t>(0x1C00 + 37 * (i / 256)));
      values[i] = scale * static_cast<float>(static_cast<int>(generator() % 3) - 1);
    }
    EXPECT_EQ(decode(*codec, encode(*codec, values)), values) << codec->info.name;
  }
}

TEST(CodecEncode, FloatsOfFourBitsAreKeptExactly) {
  std::mt19937 generator(23);
  for (const Codec* codec : {&mxfp4, &nvfp4}) {
    std::vector<float> values(64 * 30);
    for (size_t i = 0; i < values.size(); ++i) {
      constexpr float kFloats[] = {0.0f, 0.5f, 1.0f, 1.5f, 2.0f, 3.0f, 4.0f, 6.0f};
      const float magnitude = i % 16 == 0 ? 6.0f : kFloats[generator() % 8];
      values[i] = (generator() % 2 ? -1.0f : 1.0f) * magnitude * std::exp2(static_cast<float>(i / 64 % 12) - 6.0f);
    }
    EXPECT_EQ(decode(*codec, encode(*codec, values)), values) << codec->info.name;
  }
}

TEST(CodecEncode, BlocksDoNotDependOnTheirNeighbours) {
  for (const Codec* codec : block_encoders()) {
    const size_t block = codec->info.block_elements;
    const std::vector<float> values = gaussian(block * 37, 1.0f);
    const std::vector<std::byte> together = encode(*codec, values);
    std::vector<std::byte> apart;
    for (size_t at = 0; at < values.size(); at += block) {
      const auto from = values.begin() + static_cast<std::ptrdiff_t>(at);
      const auto one = encode(*codec, {from, from + static_cast<std::ptrdiff_t>(block)});
      apart.insert(apart.end(), one.begin(), one.end());
    }
    EXPECT_EQ(together, apart) << codec->info.name;
  }
}

/// Numbers that are the same with every compiler and library: sums of four uniform ones, a few of them large.
std::vector<float> portable_values(size_t count) {
  std::vector<float> values(count);
  uint32_t state = 1;
  for (size_t i = 0; i < count; ++i) {
    int32_t sum = 0;
    for (int k = 0; k < 4; ++k) {
      state = state * 1664525u + 1013904223u;
      sum += static_cast<int32_t>(state >> 16) - 32768;
    }
    values[i] = static_cast<float>(sum) * (i % 97 == 0 ? 0x1p-18f : 0x1p-21f);
  }
  return values;
}

// Bytes must not depend on compiler, processor or optimization. A better encoder changes these on purpose.
TEST(CodecEncode, BytesAreTheSameEverywhere) {
  const std::map<std::string_view, uint64_t> expected = {
      {"q8_0", 0xfb678157884f15e3},
      {"q5_1", 0xbc2edeb5e94161cb},
      {"q5_0", 0xd4716e16f1aebfe0},
      {"q4_1", 0xf9d9d457f4dfb2dd},
      {"q4_0", 0x55f6bb7b0ed70d6d},
      {"q6_k", 0xf5d953950b2a05fc},
      {"q5_k", 0x67496d27eb495454},
      {"q4_k", 0x47ca727cef366e98},
      {"q3_k", 0xf84323c077e38aa7},
      {"q2_k", 0x20bcd4dec9859058},
      {"mxfp4", 0xd73da20c4e176590},
      {"nvfp4", 0x22b5be490926da9b},
      {"iq4_nl", 0xd38cd2469556af44},
      {"iq4_xs", 0x944aeff69417cf59},
      {"tq2_0", 0x89b244635a5983f5},
      {"tq1_0", 0xf5ab0ab7bafe47ee},
      {"q2_0", 0xb87f100aaf4b10b},
      {"q1_0", 0xde7a95efd0cc6f65},
      {"iq3_s", 0xcde71ddd32353c08},
      {"iq3_xxs", 0x1432ef3a6e0576ea},
      {"iq2_s", 0xcf71fdc6ec6914cb},
      {"iq2_xs", 0x9193eccb00f41ee5},
      {"iq2_xxs", 0x6963e06621bbac39},
      {"iq1_m", 0x1126264690c8214c},
      {"iq1_s", 0x6120fae4c7bd81b1},
      {"int2_g16_f16", 0xd6acef208df5cab9},
      {"int3_g64_f16", 0xe15982a3aea568f8},
      {"int4_g32_bf16", 0x691f297d0986951},
      {"int4_g128_f16", 0xc45908099f05921f},
      {"int5_g64_f32", 0xe7be2e51ccf316d9},
      {"int6_g32_f16", 0x10e6b2ba4a1047a8},
      {"int8_g64_f16", 0x2bd577e2aff2989b},
      {"int8_g256_f32", 0xb7ad7d022ef09d83},
      {"uint2_g32_f16", 0xda73f5a993a42e2a},
      {"uint4_g128_f16", 0xe1c222f3b25e1741},
      {"uint8_g64_f32", 0xcf7da054822291fe},
      {"affine2_g32_f16", 0x3f3626d595980dde},
      {"affine3_g64_f16", 0x57ab5dd08522840c},
      {"affine4_g64_bf16", 0x1d0b347297786e2f},
      {"affine5_g32_f32", 0x8c2cff72cf163a76},
      {"affine6_g64_f16", 0x4b0c4da8268c978},
      {"affine8_g128_f16", 0x68d0d289ec41d7f8},
      {"affine4_g256_f16", 0xb31c3562e13cf8af},
      {"nf4_g64_f16", 0xa522bf9ef52fb76},
      {"nf4_g256_f32", 0xe0cc882d6ac12c6c},
      {"e2m1_g32_f16", 0x75d91b4541ab8213},
      {"e2m1_g16_e4m3", 0x2b339754277417ee},
      {"e4m3_g32_e8m0", 0xe91e9c55d6512eed},
      {"e4m3_g128_f32", 0x80a9a828692e33ee},
      {"e5m2_g32_e8m0", 0x19a0b77f3d599fb9},
  };
  const std::vector<float> values = portable_values(256 * 33);
  std::vector<float> importance(values.size());
  for (size_t i = 0; i < importance.size(); ++i) importance[i] = static_cast<float>(i * i % 1009);
  for (const Codec* codec : block_encoders()) {
    uint64_t hash = 14695981039346656037ull;  // FNV-1a
    for (const auto& packed : {encode(*codec, values), encode(*codec, values, importance)}) {
      for (const std::byte byte : packed) hash = (hash ^ static_cast<uint64_t>(byte)) * 1099511628211ull;
    }
    const auto found = expected.find(codec->info.name);
    EXPECT_EQ(hash, found == expected.end() ? 0 : found->second) << codec->info.name << std::hex << " has 0x" << hash;
  }
}

TEST(CodecEncode, ZerosStayZero) {
  for (const Codec* codec : block_encoders()) {
    for (const float value : decode(*codec, encode(*codec, std::vector<float>(512)))) {
      ASSERT_EQ(value, 0.0f) << codec->info.name;
    }
  }
}

TEST(CodecEncode, HostileValuesDecodeToFiniteNumbers) {
  const std::vector<float> hostile = {kNan,   kInfinity, -kInfinity, std::numeric_limits<float>::max(),
                                      -3e38f, 1e-45f,    -1e-38f,    1e7f,
                                      0.0f,   -0.0f,     1.0f,       6e-8f};
  std::mt19937 generator(3);
  for (const Codec* codec : block_encoders()) {
    for (int round = 0; round < 60; ++round) {
      std::vector<float> values = gaussian(256, 1.0f, static_cast<uint32_t>(round));
      const unsigned share = generator() % 8;
      for (float& value : values) {
        if (generator() % 8 < share) value = hostile[generator() % hostile.size()];
      }
      for (const float value : decode(*codec, encode(*codec, values))) {
        ASSERT_TRUE(std::isfinite(value)) << codec->info.name;
      }
    }
  }
}

TEST(CodecEncode, NanBecomesZeroAndTheRestStaysGood) {
  for (const Codec* codec : block_encoders()) {
    std::vector<float> values = gaussian(256, 1.0f);
    values[5] = kNan;
    std::vector<float> cleaned = values;
    cleaned[5] = 0.0f;
    EXPECT_EQ(encode(*codec, values), encode(*codec, cleaned)) << codec->info.name;
  }
}

TEST(CodecEncode, InfinityTakesTheLargestMagnitude) {
  for (const Codec* codec : block_encoders()) {
    std::vector<float> values(256, 0.0f);
    values[3] = -kInfinity;
    values[100] = kInfinity;
    const std::vector<float> decoded = decode(*codec, encode(*codec, values));
    const float least = has_small_range(*codec) ? 2687.0f : 60000.0f;
    EXPECT_LT(decoded[3], -least) << codec->info.name;
    EXPECT_GT(decoded[100], least) << codec->info.name;
  }
}

TEST(CodecEncode, ImportanceMovesTheErrorElsewhere) {
  const std::vector<float> values = gaussian(256 * 16, 0.02f);
  std::vector<float> importance(values.size(), 0.01f);
  for (size_t i = 0; i < importance.size(); i += 4) importance[i] = 1.0f;
  const auto important_error = [&](const std::vector<float>& decoded) {
    double sum = 0;
    for (size_t i = 0; i < values.size(); i += 4) sum += std::pow(values[i] - decoded[i], 2);
    return sum;
  };
  for (const Codec* codec : block_encoders()) {
    const double plain = important_error(decode(*codec, encode(*codec, values)));
    const double weighted = important_error(decode(*codec, encode(*codec, values, importance)));
    // 8-bit floats with a power of two as scale are as they are.
    const GroupLayout* layout = group_layout_of(&codec->info);
    const bool indifferent = layout && layout->bits == 8 && layout->scale == GroupScale::e8m0;
    EXPECT_LT(weighted, indifferent ? 1.001 * plain : plain) << codec->info.name;
  }
}

TEST(CodecEncode, UselessImportanceIsAsGoodAsNone) {
  const std::vector<float> values = gaussian(256, 0.02f);
  const double power = squared_error(values, std::vector<float>(values.size()));
  for (const Codec* codec : block_encoders()) {
    for (const float weight : {0.0f, -1.0f, kNan, kInfinity, 1e-42f, 3e38f}) {
      const auto decoded = decode(*codec, encode(*codec, values, std::vector<float>(256, weight)));
      EXPECT_LT(squared_error(values, decoded), 1.2 * std::pow(expected_error(*codec), 2) * power)
          << codec->info.name << " weight " << weight;
    }
  }
}

}  // namespace
}  // namespace adze::codecs
