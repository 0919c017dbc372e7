#include "text/tokenizers/normalizer.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/tokenizers/unicode_forms.h"

namespace adze::text {
namespace {

std::string run(NormalizerStep::Kind kind, std::string_view text, std::string pattern = {}, std::string content = {}) {
  NormalizerStep step;
  step.kind = kind;
  step.pattern = std::move(pattern);
  step.content = std::move(content);
  return Normalizer({step}).run(text);
}

using Kind = NormalizerStep::Kind;

TEST(Normalizer, UnicodeForms) {
  EXPECT_EQ(run(Kind::nfc, "e\u0301\u0323"), "\u1EB9\u0301");
  EXPECT_EQ(run(Kind::nfd, "\u1EB9\u0301\uAC00"), "e\u0323\u0301\u1100\u1161");
  EXPECT_EQ(run(Kind::nfkc, "\uFB01\u00BD"), "fi1\u20442");
  EXPECT_EQ(run(Kind::nfkd, "\u212B"), "A\u030A");
}

TEST(Normalizer, LongRunsOfMarksAreFast) {
  std::string text = "a";
  for (int i = 0; i < 200'000; ++i) text += i % 2 == 0 ? "\u0301" : "\u0323";
  const std::string ordered = to_unicode_form(text, UnicodeForm::nfd);
  EXPECT_EQ(ordered.size(), text.size());
  EXPECT_EQ(ordered.substr(0, 5), "a\u0323\u0323");
}

TEST(Normalizer, CasesAndMarks) {
  EXPECT_EQ(run(Kind::lowercase, "\u0130\u03A3\u00C9"), "i\u0307\u03C3\u00E9");
  EXPECT_EQ(run(Kind::strip_marks, "e\u0301\u0902\u093E"), "e");
  EXPECT_EQ(run(Kind::strip_accents, "e\u0301\u0902\u093E"), "e\u093E");  // a spacing mark stays
}

TEST(Normalizer, BertCleaning) {
  EXPECT_EQ(run(Kind::clean_text, std::string_view("a\0\u200B\tb\u00A0\u0085\uFFFD", 13)), "a b ");
  EXPECT_EQ(run(Kind::clean_text, "a\uE000b\u0378c"), "ab\u0378c");  // private use goes, unassigned stays
  EXPECT_EQ(run(Kind::isolate_cjk, "a\u4E2Db"), "a \u4E2D b");
}

TEST(Normalizer, Spaces) {
  EXPECT_EQ(run(Kind::strip_whitespace, " \u3000a b\n"), "a b");
  EXPECT_EQ(run(Kind::collapse_spaces, "  a   b "), "a b");
  EXPECT_EQ(run(Kind::prepend, "", {}, "_"), "");
  EXPECT_EQ(run(Kind::prepend, "a", {}, "_"), "_a");
}

TEST(Normalizer, Replacements) {
  EXPECT_EQ(run(Kind::replace_text, "a b c", " ", "\u2581"), "a\u2581b\u2581c");
  EXPECT_EQ(run(Kind::replace_text, "abc", "", "x"), "abc");
  EXPECT_EQ(run(Kind::replace_regex, "a  b", " +", "_"), "a_b");
  EXPECT_EQ(run(Kind::replace_regex, "ab", "x*", "_"), "ab");
}

// A map of one rule, "a" -> "xy", laid out by hand: u32 size, double-array units, strings.
std::string one_rule_map() {
  const uint32_t root = 1u << 10;                  // offset 1
  const uint32_t node = 2u << 10 | 1u << 8 | 'a';  // at 1 ^ 'a': offset 2, ends a key
  const uint32_t value = 1u << 31 | 0;             // the replacement at 0
  std::vector<uint32_t> units('a' + 8, 0);
  units[0] = root;
  units[1 ^ 'a'] = node;
  units[(1 ^ 'a') ^ 2] = value;
  const auto bytes = static_cast<uint32_t>(units.size() * 4);
  std::string out(reinterpret_cast<const char*>(&bytes), 4);
  out.append(reinterpret_cast<const char*>(units.data()), bytes);
  return out + std::string("xy\0", 3);
}

TEST(Normalizer, PrecompiledMaps) { EXPECT_EQ(run(Kind::precompiled, "ab\u00E9a", {}, one_rule_map()), "xyb\u00E9xy"); }

TEST(Normalizer, HostileMapsAreErrorsOrHarmless) {
  const std::string map = one_rule_map();
  EXPECT_THROW(run(Kind::precompiled, "a", {}, ""), Error);
  EXPECT_THROW(run(Kind::precompiled, "a", {}, "\xFF\xFF\xFF\x7F"), Error);
  EXPECT_THROW(run(Kind::precompiled, "a", {}, std::string("\x03\0\0\0abc", 7)), Error);
  for (size_t i = 4; i < map.size(); ++i) {
    std::string spoiled = map;
    spoiled[i] = '\xFF';
    EXPECT_NO_THROW(run(Kind::precompiled, "abc\u00E9", {}, spoiled)) << i;
  }
}

}  // namespace
}  // namespace adze::text
