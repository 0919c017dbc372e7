// Every vector width must give the same floats, and the fits must be what they claim.
#include "codecs/lane_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "codecs/lane_fit_kernel.h"
#include "tensor/half.h"

namespace adze::codecs {
namespace {

struct NamedKernels {
  std::string name;
  LaneFitKernels kernels;
};

std::vector<NamedKernels> available_kernels() {
  std::vector<NamedKernels> list = {{"2 lanes", LaneKernel<2>::table()}, {"4 lanes", LaneKernel<4>::table()}};
  if constexpr (kIsX86) {
    if (cpu_features().avx2) list.push_back({"avx2", kLaneFitAvx2});
    if (cpu_features().avx512) list.push_back({"avx512", kLaneFitAvx512});
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

struct Results {
  FitSums sums;
  BestFit best;
  LaneFit descended;
  uint8_t codes[kMaxLaneElements][kLanes];
};

Results run_all(const LaneFitKernels& kernels, const LaneBlocks& lanes, const FitRules& rules) {
  LaneFit start{};
  for (int lane = 0; lane < kLanes; ++lane) {
    start.scale[lane] = lane == 3 ? 0.0f : 0.004f * static_cast<float>(lane - 2);
    start.offset[lane] = rules.offset == OffsetRule::none ? 0.0f : -0.01f * static_cast<float>(lane);
  }
  Results results;
  std::memset(results.codes, 0, sizeof results.codes);
  kernels.measure(lanes, rules.range, start, results.sums);
  kernels.probe(lanes, rules, start, results.best);
  results.descended = start;
  kernels.descend(lanes, rules, results.descended, 3);
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
      const Results expected = run_all(LaneKernel<2>::table(), lanes, rules);
      for (const auto& [name, kernels] : available_kernels()) {
        const Results results = run_all(kernels, lanes, rules);
        expect_same_bytes(results.sums, expected.sums, name + " measure");
        expect_same_bytes(results.best.fit, expected.best.fit, name + " probe");
        expect_same_bytes(results.best.error, expected.best.error, name + " probe error");
        expect_same_bytes(results.descended, expected.descended, name + " descend");
        expect_same_bytes(results.codes, expected.codes, name + " codes");
      }
    }
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
