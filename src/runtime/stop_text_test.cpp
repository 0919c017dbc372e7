#include "runtime/stop_text.h"

#include <gtest/gtest.h>

namespace adze::runtime {
namespace {

TEST(StopText, HoldsBackWhatMayBecomeAStop) {
  StopText stop({"END", "\n\n"});
  EXPECT_EQ(stop.push("hello E"), "hello ");
  EXPECT_EQ(stop.push("N"), "");
  EXPECT_EQ(stop.push("trance\n"), "ENtrance");
  EXPECT_FALSE(stop.found());
  EXPECT_EQ(stop.found_text(), "");
  EXPECT_EQ(stop.push("\nrest"), "");
  EXPECT_TRUE(stop.found());
  EXPECT_EQ(stop.push("more"), "");
  EXPECT_EQ(stop.finish(), "");
}

TEST(StopText, FinishGivesBackWhatWasHeld) {
  StopText stop({"END", ""});
  EXPECT_EQ(stop.push("the EN"), "the ");
  EXPECT_EQ(stop.finish(), "EN");
}

TEST(StopText, TheEarliestStopWins) {
  StopText stop({"bc", "ab"});
  EXPECT_EQ(stop.push("xabc"), "x");
  EXPECT_TRUE(stop.found());
  EXPECT_EQ(stop.found_text(), "ab");
}

}  // namespace
}  // namespace adze::runtime
