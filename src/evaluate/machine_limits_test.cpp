#include "evaluate/machine_limits.h"

#include <gtest/gtest.h>

namespace adze::evaluate {
namespace {

TEST(MachineLimits, EverythingAskedForIsMeasured) {
  LimitOptions options;
  options.threads = {1, 3};
  options.block_bytes = {1 << 20, 4 << 20};
  options.read_rounds = 3;
  options.multiply_add_rounds = 2;
  options.seconds_per_round = 0.001;
  const auto limits = measure_machine(options);
  EXPECT_EQ(limits.isa, active_isa());
  ASSERT_EQ(limits.reads.size(), 4u);
  ASSERT_EQ(limits.multiply_adds.size(), 2u);
  for (const auto& read : limits.reads) {
    EXPECT_GT(read.bytes.median, 0);
    EXPECT_GE(read.bytes.best, read.bytes.median);
  }
  for (const auto& rate : limits.multiply_adds) {
    EXPECT_GT(rate.int8.median, 0);
    EXPECT_GT(rate.f32.median, 0);
  }
}

TEST(MachineLimits, FindsTheRateOfTheNearestBlock) {
  MachineLimits limits;
  limits.reads = {{1, 64 << 20, {1, 1}}, {1, 1024 << 20, {2, 2}}, {2, 64 << 20, {3, 3}}};
  limits.multiply_adds = {{1, {5, 5}, {6, 6}}};
  EXPECT_EQ(limits.read_rate(1, 100 << 20)->bytes.best, 1);
  EXPECT_EQ(limits.read_rate(1, int64_t{800} << 20)->bytes.best, 2);
  EXPECT_EQ(limits.read_rate(2, 0)->bytes.best, 3);
  EXPECT_EQ(limits.read_rate(4, 0), nullptr);
  EXPECT_EQ(limits.multiply_add_rate(1)->f32.best, 6);
  EXPECT_EQ(limits.multiply_add_rate(2), nullptr);
}

TEST(MachineLimits, UsuallyOneAndAllProcessorsAreMeasured) {
  const auto options = usual_limit_options();
  EXPECT_EQ(options.threads.front(), 1u);
  EXPECT_EQ(options.threads.back(), available_processors());
  EXPECT_FALSE(options.block_bytes.empty());
}

}  // namespace
}  // namespace adze::evaluate
