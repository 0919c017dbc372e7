#include "text/tokenizers/regex.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/tokenizers/oniguruma_pattern.h"

namespace adze::text {
namespace {

// The first match of `pattern` in `text`, or "<none>".
std::string first_match(const char* pattern, std::string_view text) {
  const Regex regex(pattern);
  Regex::Searcher searcher(regex);
  TextRange match;
  if (!searcher.find(text, 0, match)) return "<none>";
  return std::string(text.substr(match.begin, match.end - match.begin));
}

TEST(Regex, SpaceIsUnicodeWhiteSpaceAndNothingElse) {
  EXPECT_EQ(first_match(R"(\s+)", "a\u0085\u2003\u3000b"), "\u0085\u2003\u3000");
  EXPECT_EQ(first_match(R"(\s)", "\u180E\u200B"), "<none>");  // PCRE2 alone would take U+180E
  EXPECT_EQ(first_match(R"([^\s]+)", " \u180E "), "\u180E");
  EXPECT_EQ(first_match(R"(\S+)", " \u180E "), "\u180E");
}

TEST(Regex, WordCharactersIncludeMarks) {
  EXPECT_EQ(first_match(R"(\w+)", "e\u0301a-"), "e\u0301a");
  EXPECT_EQ(first_match(R"([^\w\s]+)", "ab_\u0e49 +-"), "+-");
}

TEST(Regex, DollarIsTheEndOfEveryLine) { EXPECT_EQ(first_match(R"(\s+$)", "a \nb"), " "); }

TEST(Regex, CaseInsensitiveGroupsFoldTheLongS) { EXPECT_EQ(first_match("(?i:'s)", "\u017F'\u017F"), "'\u017F"); }

TEST(Regex, NestedClassesAreFlattened) { EXPECT_EQ(first_match("[^(\\s|[.,!]]+", "(.ab,"), "ab"); }

TEST(Regex, SubtractedClassesBecomeLookaheads) {
  EXPECT_EQ(first_match(R"([\p{L}&&[^\p{Han}]]+)", "\u4e2dab\u4e2d"), "ab");
}

TEST(Regex, EscapesOfCodePoints) { EXPECT_EQ(first_match(R"(\u0041\h)", "xAf"), "Af"); }

TEST(Regex, NothingOutsideTheSubjectIsSeen) {
  const Regex regex(R"(\s+(?!\S))");
  Regex::Searcher searcher(regex);
  TextRange match;
  const std::string_view text = "a  b";
  ASSERT_TRUE(searcher.find(text.substr(0, 3), 1, match));
  EXPECT_EQ(match.end, 3u);
}

TEST(Regex, BadPatternsAreErrors) {
  EXPECT_THROW(Regex("("), Error);
  EXPECT_THROW(Regex("[a"), Error);
  EXPECT_THROW(Regex("\\"), Error);
  EXPECT_THROW(Regex("[a&&b]"), Error);
  EXPECT_THROW(Regex(std::string(200'000, 'a')), Error);
  EXPECT_THROW(Regex(std::string(100, '[') + std::string(100, ']')), Error);
}

TEST(Regex, RunawayPatternsGiveUp) {
  const Regex regex("(a+)+$");
  Regex::Searcher searcher(regex);
  TextRange match;
  EXPECT_THROW(searcher.find(std::string(60, 'a') + "b", 0, match), Error);
}

}  // namespace
}  // namespace adze::text
