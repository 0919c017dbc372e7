#include "report/display_width.h"

#include <gtest/gtest.h>

namespace adze::report {
namespace {

TEST(DisplayWidth, CountsTerminalColumns) {
  EXPECT_EQ(display_width(""), 0u);
  EXPECT_EQ(display_width("blk.0.attn_q.weight"), 19u);
  EXPECT_EQ(display_width("Käse"), 4u);
  EXPECT_EQ(display_width("Ka\u0308se"), 4u);  // combining diaeresis
  EXPECT_EQ(display_width("漢字"), 4u);
  EXPECT_EQ(display_width("한국어"), 6u);
  EXPECT_EQ(display_width("😀"), 2u);
  EXPECT_EQ(display_width("👩\u200D💻"), 2u);  // joined: woman + laptop
  EXPECT_EQ(display_width("🇩🇪🇫🇷"), 4u);        // two flags
  EXPECT_EQ(display_width("❤\uFE0F"), 2u);
}

TEST(Printable, LeavesOrdinaryTextAlone) {
  EXPECT_EQ(printable("Käse 漢字 😀"), "Käse 漢字 😀");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, DisarmsTerminalSequences) {
  EXPECT_EQ(printable("\x1b[31mred\x1b]0;title\x07"), "\\x1b[31mred\\x1b]0;title\\x07");
  EXPECT_EQ(printable("a\nb\tc\r"), "a\\nb\\tc\\x0d");
  EXPECT_EQ(printable("\u009b2J"), "\\x9b2J");
  EXPECT_EQ(printable("a\u202Eb\u2066"), "a\\u202eb\\u2066");
  EXPECT_EQ(printable("a\xff\xfe"), "a\uFFFD\uFFFD");
  EXPECT_EQ(printable(std::string("\0", 1)), "\\x00");
}

TEST(Shortened, KeepsStartAndEnd) {
  EXPECT_EQ(shortened("blk.0.attn_q.weight", 19), "blk.0.attn_q.weight");
  EXPECT_EQ(shortened("blk.0.attn_q.weight", 9), "blk.…ight");
  EXPECT_EQ(shortened("blk.0.attn_q.weight", 10), "blk.0…ight");
  EXPECT_EQ(shortened("abc", 1), "…");
  EXPECT_EQ(shortened("abc", 2), "a…");
}

TEST(Shortened, NeverExceedsItsColumns) {
  const std::string text = "漢a字b👩\u200D💻한국Ka\u0308se🇩🇪🇫🇷";
  for (size_t columns = 1; columns < 30; ++columns) {
    const auto cut = shortened(text, columns);
    EXPECT_LE(display_width(cut), columns) << cut;
    EXPECT_GE(display_width(cut) + 2, std::min(columns, display_width(text))) << cut;
  }
}

}  // namespace
}  // namespace adze::report
