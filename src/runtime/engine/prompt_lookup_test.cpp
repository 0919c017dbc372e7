#include "runtime/engine/prompt_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace adze::runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PromptLookup, TakesWhatCameBehindTheSameTokens) {
  const std::vector<int32_t> tokens{1, 2, 3, 4, 5, 9, 2, 3};
  EXPECT_THAT(look_up_draft(tokens, 2, 4, 2), ElementsAre(4, 5));
  EXPECT_THAT(look_up_draft(tokens, 2, 4, 100), ElementsAre(4, 5, 9, 2, 3));
  EXPECT_THAT(look_up_draft(tokens, 3, 4, 2), IsEmpty());
}

TEST(PromptLookup, PrefersTheLongerMatchThenTheLaterOne) {
  EXPECT_THAT(look_up_draft(std::vector<int32_t>{7, 1, 2, 10, 1, 2, 11, 7, 1, 2}, 2, 4, 1), ElementsAre(10));
  EXPECT_THAT(look_up_draft(std::vector<int32_t>{1, 2, 10, 1, 2, 11, 8, 1, 2}, 2, 4, 1), ElementsAre(11));
  EXPECT_THAT(look_up_draft(std::vector<int32_t>{7, 1, 2, 10, 1, 2, 11, 7, 1, 2}, 2, 2, 1), ElementsAre(11));
}

TEST(PromptLookup, MayOverlapWhatItContinues) {
  EXPECT_THAT(look_up_draft(std::vector<int32_t>{5, 5, 5}, 1, 2, 4), ElementsAre(5));
}

TEST(PromptLookup, BearsShortTexts) {
  EXPECT_THAT(look_up_draft({}, 1, 4, 4), IsEmpty());
  EXPECT_THAT(look_up_draft(std::vector<int32_t>{1}, 1, 4, 4), IsEmpty());
  EXPECT_THAT(look_up_draft(std::vector<int32_t>{1, 1}, 1, 4, 0), IsEmpty());
}

}  // namespace
}  // namespace adze::runtime
