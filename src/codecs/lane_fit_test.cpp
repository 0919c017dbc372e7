// Every vector width must give the same floats, and the fits must be what they claim.
#include "codecs/lane_fit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "codecs/lane_kernel_table.h"
#include "tensor/half.h"

namespace adze::codecs {
namespace {

struct NamedKernels {
  std::string name;
  LaneKernels kernels;
};

std::vector<NamedKernels> available_kernels() {
  std::vector<NamedKernels> list = {{"2 lanes", lane_kernel_table<2>()}, {"4 lanes", lane_kernel_table<4>()}};
  if constexpr (kIsX86) {
    if (cpu_features().avx2) list.push_back({"avx2", kLanesAvx2});
    if (cpu_features().avx512) list.push_back({"avx512", kLanesAvx512});
  }
  return list;
}

LaneBlocks random_lanes(uint32_t seed, int elements, int lanes_together) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.01f, 0.05f);
  std::vector<float> values(static_cast<size_t>(elements) * 15), importance(values.size());
  for (float& value : values) value = normal(generator);
  for (float& weight : importance) weight = std::fabs(normal(generator));
  values[7] = std::numeric_limits<float>::infinity();
  values[40] = 1e-41f;
  LaneBlocks lanes;
  load_lanes(values.data(), importance.data(), elements, 15, lanes);
  normalize_weights(lanes, lanes_together);
  return lanes;
}

constexpr float kExtremeCodes[] = {-8.0f, -8.8f, 7.5f, 8.1f, 7.0f};
constexpr Overhang kOverhangs[] = {{0, 0}, {-0.7f, 0.3f}, {0.3f, -0.7f}, {1, 1}, {-1.5f, 0.2f}};

struct Results {
  FitSums sums;
  LaneFit descended, scales, offsets;
  Levels levels, levels_with_minima;
  uint8_t codes[kLanes * kMaxLaneElements];
};

Results run_all(const LaneKernels& kernels, const LaneBlocks& lanes, const FitRules& rules) {
  LaneFit start{};
  for (int lane = 0; lane < kLanes; ++lane) {
    start.scale[lane] = lane == 3 ? 0.0f : 0.004f * static_cast<float>(lane - 2);
    start.offset[lane] = rules.offset == OffsetRule::none ? 0.0f : -0.01f * static_cast<float>(lane);
  }
  Results results;
  std::memset(&results, 0, sizeof results);
  kernels.measure(lanes, rules.range, start, results.sums);
  results.descended = start;
  kernels.descend(lanes, rules, results.descended, 3);
  kernels.find_scales(lanes, rules, {kExtremeCodes, 5}, results.scales);
  kernels.search_levels(lanes, {rules.range, {-32, 31}, 0, 16, 2}, results.scales, {kExtremeCodes, 5}, results.levels);
  if (rules.offset != OffsetRule::none) {
    kernels.find_scales_and_offsets(lanes, rules, {kOverhangs, 5}, results.offsets);
    kernels.search_levels(lanes, {rules.range, {0, 15}, 15, 8, 2}, results.offsets, {kExtremeCodes + 4, 1},
                          results.levels_with_minima);
  }
  kernels.codes(lanes, rules.range, results.descended, results.codes);
  return results;
}

template <typename T>
void expect_same_bytes(const T& a, const T& b, const std::string& what) {
  EXPECT_EQ(std::memcmp(&a, &b, sizeof(T)), 0) << what;
}

TEST(LaneFit, EveryWidthGivesTheSameFloats) {
  for (const OffsetRule offset : {OffsetRule::none, OffsetRule::free, OffsetRule::never_positive}) {
    for (const bool f16_scales : {false, true}) {
      const FitRules rules{{offset == OffsetRule::none ? -8.0f : 0.0f, 15}, offset, f16_scales};
      const LaneBlocks lanes = random_lanes(static_cast<uint32_t>(f16_scales), f16_scales ? 32 : 16, 1);
      const Results expected = run_all(lane_kernel_table<2>(), lanes, rules);
      for (const auto& [name, kernels] : available_kernels()) {
        const Results results = run_all(kernels, lanes, rules);
        expect_same_bytes(results.sums, expected.sums, name + " measure");
        expect_same_bytes(results.descended, expected.descended, name + " descend");
        expect_same_bytes(results.scales, expected.scales, name + " find_scales");
        expect_same_bytes(results.offsets, expected.offsets, name + " find_scales_and_offsets");
        expect_same_bytes(results.levels, expected.levels, name + " search_levels");
        expect_same_bytes(results.levels_with_minima, expected.levels_with_minima, name + " search_levels, minima");
        expect_same_bytes(results.codes, expected.codes, name + " codes");
      }
    }
  }
}

TEST(LaneFit, EveryWidthLoadsAndWeightsAlike) {
  constexpr int kElements = 32;
  std::vector<float> values(kLanes * kElements);
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i)) - 0.3f;
  values[5] = std::numeric_limits<float>::quiet_NaN();
  values[70] = -std::numeric_limits<float>::infinity();
  for (const auto& [name, kernels] : available_kernels()) {
    LaneBlocks lanes, expected;
    lanes.elements = expected.elements = kElements;
    kernels.load(values.data(), kElements, lanes.x);
    kernels.load_weights(values.data(), kElements, lanes.w);
    for (int i = 0; i < kElements; ++i) {
      for (int lane = 0; lane < kLanes; ++lane) {
        const float value = values[static_cast<size_t>(lane * kElements + i)];
        ASSERT_EQ(lanes.x[i][lane], finite_value(value)) << name;
        ASSERT_EQ(lanes.w[i][lane], finite_weight(value)) << name;
      }
    }
    lane_kernel_table<2>().load(values.data(), kElements, expected.x);
    kernels.normalize(lanes, 8);
    const float* weights = lanes.w[0];
    EXPECT_EQ(*std::max_element(weights, weights + kLanes * kElements), 1.0f) << name;
    kernels.magnitude_weights(lanes, 8);
    lane_kernel_table<2>().magnitude_weights(expected, 8);
    for (int i = 0; i < kElements; ++i) expect_same_bytes(lanes.w[i], expected.w[i], name + " magnitude_weights");
    expect_same_bytes(lanes.weight, expected.weight, name + " magnitude_weights, sums");
  }
}

TEST(LaneFit, RoundsToF16LikeTheConversion) {
  for (const float value :
       {0.0f, 1.0f, 1.0004883f, 0.1f, 65503.0f, 65520.0f, 1e9f, 6.2e-5f, 6.09e-5f, 3e-8f, 2e-8f, 1e-30f}) {
    for (const float signed_value : {value, -value}) {
      const float expected =
          std::fabs(value) >= 65520.0f ? std::copysign(65504.0f, signed_value) : f16_to_f32(f32_to_f16(signed_value));
      EXPECT_EQ(nearest_f16(signed_value), expected) << signed_value;
      EXPECT_EQ(std::signbit(nearest_f16(signed_value)), std::signbit(signed_value)) << signed_value;
    }
  }
}

TEST(LaneFit, DescendingNeverGetsWorse) {
  const LaneBlocks lanes = random_lanes(9, 32, 1);
  const FitRules rules{{0, 15}, OffsetRule::free, false};
  LaneFit start{};
  for (int lane = 0; lane < kLanes; ++lane) {
    start.scale[lane] = 0.01f;
    start.offset[lane] = -0.1f;
  }
  const FitSums before = measure_fit(lanes, rules.range, start);
  const FitSums after = measure_fit(lanes, rules.range, descend(lanes, rules, start, 4));
  int better = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    EXPECT_LE(after.error[lane], before.error[lane]);
    better += after.error[lane] < before.error[lane];
  }
  EXPECT_GE(better, 12);
}

TEST(LaneFit, FindsAnExactGrid) {
  std::vector<float> values(32);
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0.25f * static_cast<float>(i * 7 % 16) - 1.5f;
  LaneBlocks lanes;
  load_lanes(values.data(), nullptr, 32, 1, lanes);
  set_equal_weights(lanes);
  const FitRules rules{{0, 15}, OffsetRule::free, true};
  LaneFit start{};
  start.scale[0] = 0.255f;
  start.offset[0] = -1.54f;
  const LaneFit found = descend(lanes, rules, start, 6);
  EXPECT_EQ(found.scale[0], 0.25f);
  EXPECT_EQ(found.offset[0], -1.5f);
}

TEST(LaneFit, WeightsOfNoUseBecomeOne) {
  const std::vector<float> values(64, 1.0f);
  std::vector<float> importance(64, 0.0f);
  importance[40] = 2.0f;
  LaneBlocks lanes;
  load_lanes(values.data(), importance.data(), 32, 2, lanes);
  normalize_weights(lanes, 1);
  EXPECT_EQ(lanes.w[8][0], 1.0f);
  EXPECT_EQ(lanes.weight[0], 32.0f);
  EXPECT_EQ(lanes.w[8][1], 1.0f);
  EXPECT_EQ(lanes.w[9][1], 0.0f);
  EXPECT_EQ(lanes.weight[1], 1.0f);
}

}  // namespace
}  // namespace adze::codecs
