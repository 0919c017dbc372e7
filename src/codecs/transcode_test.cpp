#include "codecs/transcode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "codecs/code_lattice.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"

namespace adze::codecs {
namespace {

std::vector<const Codec*> packed_codecs() {
  std::vector<const Codec*> chosen;
  for (const auto codecs : {all_codecs(), group_codec_samples()}) {
    for (const Codec* codec : codecs) {
      if (!codec->info.is_plain()) chosen.push_back(codec);
    }
  }
  for (const char* name : {"affine4_g32_f16", "affine5_g32_f16", "affine8_g32_f16", "affine4_g32_f32",
                           "affine5_g32_f32", "affine4_g32_bf16", "int4_g32_f16", "uint4_g32_f16", "int8_g32_f16",
                           "e2m1_g32_e8m0", "int8_g16_f32", "affine4_g64_f16"}) {
    chosen.push_back(&require_codec(name));
  }
  return chosen;
}

std::vector<std::byte> packed_numbers(const Codec& codec, int64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, 0.05f);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(random);
  std::vector<std::byte> packed(static_cast<size_t>(count / codec.info.block_elements * codec.info.block_bytes));
  codec.encode(values.data(), nullptr, packed.data(), count);
  return packed;
}

std::vector<float> decoded(const Codec& codec, const std::vector<std::byte>& packed, int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  codec.decode(packed.data(), values.data(), count);
  return values;
}

struct Moved {
  TranscodeResult result;
  std::vector<std::byte> packed;
};

Moved move(const Codec& from, const Codec& to, const std::vector<std::byte>& packed, int64_t count) {
  Moved moved{{}, std::vector<std::byte>(static_cast<size_t>(count / to.info.block_elements * to.info.block_bytes))};
  moved.result = Transcoder(&from.info, &to.info).run(packed.data(), moved.packed.data(), count);
  return moved;
}

float step_bound(const Codec& codec, const std::vector<std::byte>& packed) {
  float largest = 0;
  const CodeLattice& lattice = *code_lattice_of(&codec.info);
  for (size_t at = 0; at < packed.size(); at += codec.info.block_bytes) {
    const auto scales = lattice.read_scales(packed.data() + at);
    for (int g = 0; g < lattice.groups(); ++g) largest = std::max(largest, std::fabs(scales.step(g)));
  }
  return largest;
}

constexpr int64_t kCount = 1536;  // whole blocks of everything

// What is promised before any number is seen, and what is reported afterwards, against the decoded values of both
// sides.
TEST(Transcode, EveryPairKeepsItsPromise) {
  int exact = 0, rounded = 0, depends = 0;
  for (const Codec* from : packed_codecs()) {
    if (kCount % from->info.block_elements != 0) continue;
    const auto packed = packed_numbers(*from, kCount, 11);
    const auto before = decoded(*from, packed, kCount);
    for (const Codec* to : packed_codecs()) {
      const auto promise = transcode_class(&from->info, &to->info);
      if (promise == TranscodeClass::impossible || kCount % to->info.block_elements != 0) continue;
      const std::string pair = std::string(from->info.name) + " to " + std::string(to->info.name);
      const auto [result, moved] = move(*from, *to, packed, kCount);
      (promise == TranscodeClass::exact ? exact : promise == TranscodeClass::rounded ? rounded : depends) += 1;
      const bool is_promised = promise != TranscodeClass::depends;
      EXPECT_EQ(is_promised ? result.impossible_groups : 0, 0) << pair;
      EXPECT_EQ(promise == TranscodeClass::exact ? result.rounded_groups : 0, 0) << pair;
      if (result.impossible_groups > 0) continue;
      const auto after = decoded(*to, moved, kCount);
      // Sums of two products are rounded once more where a scale has all digits of a float.
      const auto slack = 1e-6 * static_cast<double>(*std::ranges::max_element(before));
      const double bound = result.largest_error * static_cast<double>(step_bound(*from, packed)) * 1.0001 + slack;
      double largest = 0;
      for (size_t i = 0; i < before.size(); ++i) {
        largest = std::max(largest, std::fabs(static_cast<double>(after[i]) - static_cast<double>(before[i])));
      }
      EXPECT_LE(largest, bound) << pair;
    }
  }
  EXPECT_GT(exact, 60);
  EXPECT_GT(rounded, 20);
  EXPECT_GT(depends, 10);
}

TEST(Transcode, TheWayBackGivesTheSameBytes) {
  constexpr std::array kPairs = {
      std::pair{"q4_0", "affine4_g32_f16"}, std::pair{"q4_1", "affine4_g32_f16"}, std::pair{"q5_0", "affine5_g32_f16"},
      std::pair{"q5_1", "affine5_g32_f16"}, std::pair{"q8_0", "affine8_g32_f16"}, std::pair{"q4_0", "uint4_g32_f16"},
      std::pair{"q4_0", "int4_g32_f16"},    std::pair{"q8_0", "int8_g32_f16"},    std::pair{"mxfp4", "e2m1_g32_e8m0"},
      std::pair{"nvfp4", "e2m1_g16_e4m3"},  std::pair{"q4_0", "affine8_g32_f32"}, std::pair{"affine4_g64_f16", "q4_1"},
      std::pair{"int4_g128_f16", "q4_0"},
  };
  for (const auto& [from_name, to_name] : kPairs) {
    const Codec& from = require_codec(from_name);
    const Codec& to = require_codec(to_name);
    const auto packed = packed_numbers(from, kCount, 12);
    const auto there = move(from, to, packed, kCount);
    const auto back = move(to, from, there.packed, kCount);
    EXPECT_EQ(there.result.rounded_groups + back.result.rounded_groups, 0) << from_name << " and " << to_name;
    EXPECT_EQ(there.result.impossible_groups + back.result.impossible_groups, 0) << from_name << " and " << to_name;
    EXPECT_EQ(back.packed, packed) << from_name << " and " << to_name;
  }
}

// Zeros in a scale say nothing of the codes, and those of a file must survive.
TEST(Transcode, CodesOfAnEmptyGroupSurvive) {
  std::vector<std::byte> packed(18, std::byte{0x5A});
  packed[0] = packed[1] = std::byte{0};
  const Codec& affine = require_codec("affine4_g32_f16");
  EXPECT_EQ(move(affine, q4_0, move(q4_0, affine, packed, 32).packed, 32).packed, packed);
}

TEST(Transcode, WhatDoesNotFitIsSaid) {
  const Codec& affine = require_codec("affine4_g32_f16");
  const auto packed = packed_numbers(affine, 320, 13);
  EXPECT_EQ(transcode_class(&affine.info, &q4_0.info), TranscodeClass::depends);
  EXPECT_EQ(move(affine, q4_0, packed, 320).result.impossible_groups, 10);
  EXPECT_EQ(transcode_class(&q6_k.info, &affine.info), TranscodeClass::impossible);
  EXPECT_EQ(transcode_class(&q8_0.info, &affine.info), TranscodeClass::impossible);
  EXPECT_EQ(transcode_class(&iq2_xs.info, &affine.info), TranscodeClass::impossible);
  EXPECT_EQ(transcode_class(&f16.info, &affine.info), TranscodeClass::impossible);
  EXPECT_EQ(transcode_class(&q4_1.info, &q4_k.info), TranscodeClass::impossible);
  EXPECT_EQ(transcode_class(&q4_k.info, &affine.info), TranscodeClass::rounded);
  EXPECT_EQ(transcode_class(&q4_k.info, &require_codec("affine4_g32_f32").info), TranscodeClass::exact);
}

// A zero point of n bits moves codes by less than 2^n either way.
TEST(Transcode, SignedTypesWithABitMoreHoldEveryZeroPoint) {
  struct Case {
    const char* from;
    const char* to;
    TranscodeClass promise;
  };
  constexpr std::array kCases = {
      Case{"uint4_g64_f16", "q5_0", TranscodeClass::exact},
      Case{"uint4_g64_f16", "q4_0", TranscodeClass::depends},
      Case{"uint3_g32_f16", "q4_0", TranscodeClass::exact},
      Case{"uint2_g32_f16", "int3_g32_f16", TranscodeClass::exact},
      Case{"uint4_g64_bf16", "q5_0", TranscodeClass::depends},
      Case{"uint8_g64_f16", "q8_0", TranscodeClass::depends},
  };
  for (const auto& [from_name, to_name, promise] : kCases) {
    EXPECT_EQ(transcode_class(&require_codec(from_name).info, &require_codec(to_name).info), promise) << from_name;
  }
  const Codec& from = require_codec("uint4_g32_f16");
  for (const int zero : {0, 7, 15}) {
    std::vector<float> values(32);
    for (size_t i = 0; i < values.size(); ++i) values[i] = 0.5f * static_cast<float>(static_cast<int>(i % 16) - zero);
    std::vector<std::byte> packed(static_cast<size_t>(from.info.block_bytes));
    from.encode(values.data(), nullptr, packed.data(), 32);
    const auto [result, moved] = move(from, q5_0, packed, 32);
    EXPECT_EQ(result.impossible_groups + result.rounded_groups, 0) << zero;
    EXPECT_EQ(decoded(q5_0, moved, 32), values) << zero;
  }
}

TEST(Transcode, RoundingIsMeasuredInSteps) {
  const Codec& wide = require_codec("affine4_g32_bf16");
  const auto packed = packed_numbers(q4_1, 3200, 14);
  const auto moved = move(q4_1, wide, packed, 3200);
  EXPECT_GT(moved.result.rounded_groups, 50);
  EXPECT_GT(moved.result.largest_error, 0.005);
  EXPECT_LT(moved.result.largest_error, 0.2);
}

// An infinite scale is no lattice.
TEST(Transcode, HostileScalesAreRefused) {
  std::vector<std::byte> packed(20, std::byte{0});
  packed[1] = std::byte{0x7C};
  EXPECT_EQ(move(q4_1, require_codec("affine4_g32_f16"), packed, 32).result.impossible_groups, 1);
  // -8 * 60000 is beyond f16.
  std::vector<std::byte> huge(18, std::byte{0});
  huge[0] = std::byte{0x53}, huge[1] = std::byte{0x7B};
  EXPECT_EQ(move(q4_0, require_codec("affine4_g32_f16"), huge, 32).result.rounded_groups, 1);
}

}  // namespace
}  // namespace adze::codecs
