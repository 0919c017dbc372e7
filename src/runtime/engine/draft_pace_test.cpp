#include "runtime/engine/draft_pace.h"

#include <gtest/gtest.h>

namespace adze::runtime {
namespace {

TEST(DraftPace, GrowsWhileDraftsAreRight) {
  DraftPace pace;
  EXPECT_EQ(pace.next_length(), 2);
  pace.note(2, 2);
  EXPECT_EQ(pace.next_length(), 4);
  pace.note(4, 4);
  EXPECT_EQ(pace.next_length(), 8);
  pace.note(8, 3);
  EXPECT_EQ(pace.next_length(), 3);
  EXPECT_EQ(pace.drafted_tokens(), 14);
  EXPECT_EQ(pace.accepted_tokens(), 9);
}

TEST(DraftPace, PausesBehindWrongDraftsLongerEachTime) {
  DraftPace pace;
  for (const int64_t pause : {1, 3, 7, 15, 31, 31}) {
    EXPECT_GT(pace.next_length(), 0);
    pace.note(2, 0);
    for (int64_t step = 0; step < pause; ++step) EXPECT_EQ(pace.next_length(), 0);
  }
  pace.note(1, 1);
  EXPECT_GT(pace.next_length(), 0);
}

TEST(DraftPace, PausesWhereNobodyKnowsADraft) {
  DraftPace pace;
  for (const int64_t pause : {1, 3, 7}) {
    EXPECT_EQ(pace.next_length(), 2);
    pace.note_none();
    for (int64_t step = 0; step < pause; ++step) EXPECT_EQ(pace.next_length(), 0);
  }
  EXPECT_EQ(pace.drafted_tokens(), 0);
}

}  // namespace
}  // namespace adze::runtime
