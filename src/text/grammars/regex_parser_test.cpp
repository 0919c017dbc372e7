#include "text/grammars/regex_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "text/grammars/grammar_automaton.h"

namespace adze::text {
namespace {

using testing::HasSubstr;

bool accepts(const Grammar& grammar, const std::string& text) {
  GrammarAutomaton automaton(std::make_shared<GrammarProgram>(grammar));
  return automaton.may_end(automaton.read(automaton.start(), text));
}

bool matches(const std::string& pattern, const std::string& text) {
  return accepts(parse_regex(pattern, "test"), text);
}

bool finds(const std::string& pattern, const std::string& text) {
  Grammar grammar;
  const RuleId root = grammar.add_rule("root");
  grammar.define(root, add_regex(grammar, pattern, "test", {.characters = {}, .searches = true}));
  return accepts(grammar, text);
}

std::string error_of(const std::string& pattern) {
  try {
    parse_regex(pattern, "test");
    return "accepted";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(GrammarRegex, MatchesWholeTexts) {
  EXPECT_TRUE(matches("a|bc|", "bc") && matches("a|bc|", "") && !matches("a|bc", "ab"));
  EXPECT_TRUE(matches("^(?:ab)+c?$", "ababc") && !matches("^(?:ab)+c?$", "aba"));
  EXPECT_TRUE(matches("(?<year>\\d{4})-(?P<month>\\d{2})", "2024-05"));
  EXPECT_TRUE(matches("x{2,3}?y*?", "xxx") && !matches("x{2,3}", "x"));
  EXPECT_TRUE(matches("[\\w.-]+@[^\\s@]+", "a.b-c@d.e"));
  EXPECT_TRUE(matches("\\x41\\u00e9\\u{1F600}\\uD83D\\uDE00\\t\\.\\/\\\\", "Aé😀😀\t./\\"));
  EXPECT_TRUE(matches(".", "é") && !matches(".", "\n") && matches("\\S\\D\\W", "ab "));
  EXPECT_TRUE(matches("[a\\]\\-z]+", "a]-z") && matches("[^a-c]", "d") && !matches("[^a-c]", "b"));
  EXPECT_TRUE(matches("}]", "}]"));
}

TEST(GrammarRegex, SearchesUnlessAnchored) {
  EXPECT_TRUE(finds("bc", "abcd") && finds("^bc", "bcd") && finds("bc$", "abc") && finds("^bc$", "bc"));
  EXPECT_TRUE(!finds("^bc", "abc") && !finds("bc$", "bcd") && !finds("^bc$", "bcd"));
  EXPECT_TRUE(finds("^a$|^b", "bx") && !finds("^a$|^b", "ax"));
}

TEST(GrammarRegex, RefusesWhatIsNotRegularOrNotThere) {
  EXPECT_THAT(error_of("a(?=b)"), HasSubstr("test:1:4: of groups"));
  EXPECT_THAT(error_of("(?<!a)b"), HasSubstr("look-around"));
  EXPECT_THAT(error_of("(?i)a"), HasSubstr("no flags"));
  EXPECT_THAT(error_of("(a)\\1"), HasSubstr("this escape is not supported"));
  EXPECT_THAT(error_of("\\bword"), HasSubstr("this escape is not supported"));
  EXPECT_THAT(error_of("\\p{L}"), HasSubstr("this escape is not supported"));
  EXPECT_THAT(error_of("a^b"), HasSubstr("'^' is supported at the start only"));
  EXPECT_THAT(error_of("a$b"), HasSubstr("'$' is supported at the end only"));
  EXPECT_THAT(error_of("(a$)"), HasSubstr("'$' is supported at the end only"));
  EXPECT_THAT(error_of("*a"), HasSubstr("nothing to repeat"));
  EXPECT_THAT(error_of("a**"), HasSubstr("nothing to repeat"));
  EXPECT_THAT(error_of("a*+"), HasSubstr("possessive"));
  EXPECT_THAT(error_of("(a"), HasSubstr("expected ')'"));
  EXPECT_THAT(error_of("a)"), HasSubstr("')' without '('"));
  EXPECT_THAT(error_of("[a"), HasSubstr("ends too early"));
  EXPECT_THAT(error_of("[z-a]"), HasSubstr("no range"));
  EXPECT_THAT(error_of("[]"), HasSubstr("empty"));
  EXPECT_THAT(error_of("[[:alpha:]]"), HasSubstr("by name"));
  EXPECT_THAT(error_of("\\uD800"), HasSubstr("no character"));
  EXPECT_THAT(error_of("a{2"), HasSubstr("expected '}'"));
}

}  // namespace
}  // namespace adze::text
