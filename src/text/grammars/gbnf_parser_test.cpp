#include "text/grammars/gbnf_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "text/grammars/grammar_automaton.h"

namespace adze::text {
namespace {

using testing::HasSubstr;

bool matches(const std::string& source, const std::string& text) {
  GrammarAutomaton automaton(std::make_shared<GrammarProgram>(parse_gbnf(source, "test")));
  return automaton.may_end(automaton.read(automaton.start(), text));
}

std::string error_of(const std::string& source) {
  try {
    const GrammarProgram program(parse_gbnf(source, "test"));
    return "accepted";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Gbnf, LiteralsAndTheirEscapes) {
  EXPECT_TRUE(matches(R"(root ::= "a\"\\\n\t\r\x41\u00e9\U0001F600é")", "a\"\\\n\t\rAé😀é"));
  EXPECT_FALSE(matches(R"(root ::= "ab")", "a"));
  EXPECT_TRUE(matches(R"(root ::= "")", ""));
}

TEST(Gbnf, Classes) {
  for (const char* text : {"a", "c", "-", "]", "^", "é", "\n"})
    EXPECT_TRUE(matches(R"(root ::= [a-c\]^é\n-])", text)) << text;
  for (const char* text : {"d", "", "aa", "è"}) EXPECT_FALSE(matches(R"(root ::= [a-c\]^é\n-])", text)) << text;
  EXPECT_TRUE(matches("root ::= [^a-z\\x00-\\x1F]", "😀"));
  EXPECT_FALSE(matches("root ::= [^a-z\\x00-\\x1F]", "\n"));
  EXPECT_TRUE(matches("root ::= .", "\n"));
  EXPECT_FALSE(matches("root ::= .", "\xed\xa0\x80"));  // a surrogate
  EXPECT_TRUE(matches("root ::= [\\u0400-\\u04FF]+", "Привет"));
}

TEST(Gbnf, Repetitions) {
  const std::string source = "root ::= \"a\"* \"b\"+ \"c\"? [d]{2} \"e\"{1,} (\"f\" \"g\"){0,2}";
  for (const char* text : {"bdde", "aabbcddeefgfg", "bcddefg"}) EXPECT_TRUE(matches(source, text)) << text;
  for (const char* text : {"dde", "bccdde", "bde", "bddde", "bdd", "bddefgfgfg"}) {
    EXPECT_FALSE(matches(source, text)) << text;
  }
  EXPECT_TRUE(matches("root ::= (\"a\"*)* \"b\"", "aab"));
  EXPECT_TRUE(matches("root ::= (\"\"){999999999}{999999999} \"b\"", "b"));
}

TEST(Gbnf, AlternativesGroupsAndLines) {
  const std::string source =
      "# a list\n"
      "root ::= item (\",\" ws\n  item)*  # items\n"
      "item ::= \"x\" |\n \"y\"\n  | \"(\" root \")\" | ()\n"
      "ws ::= \" \"*\n";
  for (const char* text : {"x", "x,y", "(x, y),x", "((x))", "", ",,"}) EXPECT_TRUE(matches(source, text)) << text;
  for (const char* text : {"z", "(x", "x y"}) EXPECT_FALSE(matches(source, text)) << text;
}

struct Example {
  const char* file;
  std::vector<std::string> valid;
  std::vector<std::string> invalid;
};

TEST(Gbnf, ExampleGrammars) {
  const std::vector<Example> examples{
      {"json", {R"( {"a": [1, -2.5e+3, "x\u00e9\n"], "b": {}} )", "null"}, {"{\"a\" 1}", "[1,]", "01"}},
      {"list", {"- one\n- zwei é\n"}, {"", "- one", "* one\n", "- one\n\n"}},
      {"arithmetic", {"a1 + (2 * b_2) = 7\n", "1=1\nx - y / 2 = 3\n\n"}, {"1 + = 2\n", "(1 = 1\n"}},
      {"chess", {"1. e4 e5\n2. Nf3 Nc6\n3. Bb5 a6\n4. O-O exd8=Q+\n"}, {"1. e4 e5\n", "1. e9 e5\n2. a3 a6\n"}},
      {"c",
       {"int f(int x){ int y = 2 * -x; while (y < 10) { y = g(y, (1)); /* a * b */ } return y; }"},
       {"int f(int x) { return x }", "void f(){}"}}};
  for (const Example& example : examples) {
    SCOPED_TRACE(example.file);
    const std::string source = read_text_file("tests/cases/grammars/" + std::string(example.file) + ".gbnf");
    for (const auto& text : example.valid) EXPECT_TRUE(matches(source, text)) << text;
    for (const auto& text : example.invalid) EXPECT_FALSE(matches(source, text)) << text;
  }
}

TEST(Gbnf, Recursion) {
  const std::string source = "root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"\"";
  EXPECT_TRUE(matches(source, std::string(1000, 'a') + std::string(500, 'b') + std::string(500, 'c')));
  EXPECT_FALSE(matches(source, std::string(1000, 'a') + std::string(999, 'b')));
  // Calls at the end of a rule leave nothing on the stack.
  EXPECT_TRUE(matches("root ::= [a-z] root | \".\"", std::string(100000, 'q') + "."));
}

TEST(Gbnf, ErrorsSayWhereAndWhat) {
  EXPECT_THAT(error_of("root ::= \"a\" item"), HasSubstr("test:1:14: there is no rule 'item'"));
  EXPECT_THAT(error_of("start ::= \"a\""), HasSubstr("there is no rule 'root'"));
  EXPECT_THAT(error_of("root ::= \"a\"\nroot ::= \"b\""), HasSubstr("test:2:1: there are two rules 'root'"));
  EXPECT_THAT(error_of("root ::= (\"a\""), HasSubstr("expected ')'"));
  EXPECT_THAT(error_of("root ::= \"a"), HasSubstr("ends too early"));
  EXPECT_THAT(error_of("root ::= [b-a]"), HasSubstr("the range ends before it begins"));
  EXPECT_THAT(error_of("root ::= \"\\q\""), HasSubstr("test:1:12: there is no escape"));
  EXPECT_THAT(error_of("root ::= \"\\uD800\""), HasSubstr("D800 is no character"));
  EXPECT_THAT(error_of("root ::= \"\\x4\""), HasSubstr("expected 2 hexadecimal digits"));
  EXPECT_THAT(error_of("root ::= [a]{3,2}"), HasSubstr("the wrong way round"));
  EXPECT_THAT(error_of("root ::= [a]{99999999999}"), HasSubstr("too large"));
  EXPECT_THAT(error_of("root ::= <think>"), HasSubstr("tokens by name"));
  EXPECT_THAT(error_of("root = \"a\""), HasSubstr("expected '::='"));
  EXPECT_THAT(error_of("root ::= \"\xff\""), HasSubstr("not UTF-8"));
  EXPECT_THAT(error_of("root ::= " + std::string(1000, '(')), HasSubstr("levels of nesting"));
  EXPECT_THAT(error_of("root ::= [a]{1000}{1000}{1000}"), HasSubstr("too large"));
}

TEST(Gbnf, RefusesLeftRecursionNamingTheCycle) {
  EXPECT_THAT(error_of("root ::= sum\nsum ::= product \"+\" | \"1\"\nproduct ::= \"-\"? sum"),
              HasSubstr("left recursion: sum -> product -> sum"));
  EXPECT_THAT(error_of("root ::= root"), HasSubstr("left recursion: root -> root"));
  EXPECT_THAT(error_of("root ::= \" \"* x? root \"b\" | \"c\"\nx ::= \"\""), HasSubstr("left recursion: root -> root"));
}

TEST(Gbnf, RefusesWhatMatchesNothing) {
  EXPECT_THAT(error_of("root ::= \"a\" root"), HasSubstr("no text can match"));
  EXPECT_THAT(error_of("root ::= []"), HasSubstr("no text can match"));
  // An alternative that never ends is left out.
  EXPECT_FALSE(matches("root ::= \"a\" x | \"b\"\nx ::= \"c\" x", "a"));
  EXPECT_TRUE(matches("root ::= \"a\" x | \"b\"\nx ::= \"c\" x", "b"));
}

}  // namespace
}  // namespace adze::text
