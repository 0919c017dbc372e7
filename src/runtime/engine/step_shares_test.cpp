#include "runtime/engine/step_shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace adze::runtime {
namespace {

using testing::ElementsAre;

TEST(StepShares, WhoGeneratesComesFirst) {
  const StepDemand demands[] = {{1000, false}, {1, true}, {1, true}};
  EXPECT_THAT(share_out_step(demands, {64, 64}), ElementsAre(62, 1, 1));
}

TEST(StepShares, PromptsTakeLittleBesideThoseThatGenerate) {
  const StepDemand demands[] = {{1, true}, {1000, false}};
  EXPECT_THAT(share_out_step(demands, {512, 100}), ElementsAre(1, 100));
  EXPECT_THAT(share_out_step({demands + 1, 1}, {512, 100}), ElementsAre(512));
}

TEST(StepShares, ALongPromptLeavesSomeToYoungerOnes) {
  const StepDemand demands[] = {{1000, false}, {20, false}, {500, false}};
  EXPECT_THAT(share_out_step(demands, {400, 400}), ElementsAre(300, 20, 80));
}

TEST(StepShares, WhatYoungerOnesDoNotNeedGoesBackToTheOldest) {
  const StepDemand demands[] = {{1000, false}, {20, false}};
  EXPECT_THAT(share_out_step(demands, {400, 400}), ElementsAre(380, 20));
}

TEST(StepShares, TheOldestPromptAlwaysGetsOn) {
  for (int64_t room = 1; room < 70; ++room) {
    const StepDemand demands[] = {{1, true}, {40, false}, {1, false}, {90, false}};
    const auto shares = share_out_step(demands, {room + 1, 100});
    EXPECT_GT(shares[1], 0);
    EXPECT_EQ(std::accumulate(shares.begin(), shares.end(), int64_t{0}), room + 1);
    for (size_t i = 0; i < shares.size(); ++i) EXPECT_LE(shares[i], demands[i].tokens);
  }
}

}  // namespace
}  // namespace adze::runtime
