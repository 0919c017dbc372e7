#include "text/grammars/token_masks.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "text/grammars/gbnf_parser.h"
#include "text/grammars/slow_recogniser_for_test.h"

namespace adze::text {
namespace {

/// All bytes, then `more`; token 0 ends a text.
std::shared_ptr<const TokenTrie> vocabulary(const std::vector<std::string>& more) {
  std::vector<std::string> bytes{""};
  for (int byte = 0; byte < 256; ++byte) bytes.emplace_back(1, static_cast<char>(byte));
  bytes.insert(bytes.end(), more.begin(), more.end());
  return std::make_shared<TokenTrie>(std::move(bytes), std::vector<int32_t>{0});
}

std::shared_ptr<const GrammarProgram> program_of(const std::string& source) {
  return std::make_shared<GrammarProgram>(parse_gbnf(source, "test"));
}

std::vector<std::string> allowed_texts(TokenMasks& masks, TokenMasks::State state) {
  std::vector<std::string> texts;
  const TokenBits& bits = masks.allowed(state);
  for (int32_t token = 0; token < static_cast<int32_t>(masks.tokens().size()); ++token) {
    if (has_bit(bits, token)) texts.emplace_back(token == 0 ? "END" : masks.tokens().bytes(token));
  }
  return texts;
}

TEST(TokenMasks, AllowsPrefixesOfValidTextsAndNothingElse) {
  const auto tokens = vocabulary({"ab", "abc", "abcd", "ba", "é", "\xc3", "ab"});
  TokenMasks masks(program_of("root ::= \"abc\" \"é\"?"), tokens);
  using Texts = std::vector<std::string>;
  EXPECT_EQ(allowed_texts(masks, masks.start()), (Texts{"a", "ab", "abc", "ab"}));
  const auto behind = masks.accept(masks.accept(masks.start(), 257), 'c' + 1);
  EXPECT_EQ(allowed_texts(masks, behind), (Texts{"END", "\xc3", "é", "\xc3"}));
  const auto half = masks.accept(behind, 0xC3 + 1);
  EXPECT_EQ(allowed_texts(masks, half), Texts{"\xa9"});
  const auto end = masks.accept(half, 0xA9 + 1);
  EXPECT_EQ(allowed_texts(masks, end), Texts{"END"});
  EXPECT_FALSE(masks.may_go_on(end));
  EXPECT_EQ(masks.accept(masks.start(), 'b' + 1), GrammarAutomaton::kDead);
}

TEST(TokenMasks, CountsPlainCharacters) {
  std::vector<std::string> more;
  for (int length = 1; length < 40; ++length) more.push_back(std::string(static_cast<size_t>(length), 'x'));
  more.insert(more.end(), {"éé", "xé\"", "\",", "a\\"});
  TokenMasks masks(program_of("root ::= \"\\\"\" [^\"\\\\\\x00-\\x1F]{3,6} \"\\\"\" \",\"?"), vocabulary(more));
  auto state = masks.accept(masks.start(), '"' + 1);
  const auto texts = allowed_texts(masks, state);
  const auto has = [&](const std::string& text) { return std::count(texts.begin(), texts.end(), text) > 0; };
  EXPECT_TRUE(has("xxxxxx") && has("éé") && has("\xc3"));
  EXPECT_FALSE(has("xxxxxxx") || has("xé\"") || has("\",") || has("a\\"));
  state = masks.accept(masks.accept(state, 'q' + 1), 'q' + 1);
  EXPECT_TRUE(has_bit(masks.allowed(state), 256 + 40 + 1));  // xé"
}

// The mask against reading each token alone.
void expect_exact_mask(TokenMasks& masks, GrammarAutomaton& automaton, std::string_view text) {
  const auto state = automaton.read(automaton.start(), text);
  auto mask_state = masks.start();
  for (const char byte : text) mask_state = masks.accept(mask_state, static_cast<uint8_t>(byte) + 1);
  const TokenBits& bits = masks.allowed(mask_state);
  for (int32_t token = 1; token < static_cast<int32_t>(masks.tokens().size()); ++token) {
    const bool goes_on = automaton.read(state, masks.tokens().bytes(token)) != GrammarAutomaton::kDead;
    ASSERT_EQ(has_bit(bits, token), goes_on) << "behind '" << text << "': '" << masks.tokens().bytes(token) << "'";
  }
  ASSERT_EQ(has_bit(bits, 0), automaton.may_end(state)) << text;
}

class RandomGrammar {
 public:
  explicit RandomGrammar(std::mt19937& random) : random_(random) {}

  std::string source() {
    rules_ = 1 + below(4);
    std::string out;
    for (int rule = 0; rule < rules_; ++rule) {
      out += (rule == 0 ? "root" : "r" + std::to_string(rule)) + " ::= ";
      out += choice(0) + "\n";
    }
    return out;
  }

 private:
  int below(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }

  std::string choice(int depth) {
    std::string out = sequence(depth);
    for (int i = below(3); i > 0; --i) out += " | " + sequence(depth);
    return out;
  }

  std::string sequence(int depth) {
    std::string out;
    for (int i = below(4); i >= 0; --i) out += item(depth) + repetition() + " ";
    return out;
  }

  std::string item(int depth) {
    static const char* const kLiterals[] = {"\"a\"", "\"ab\"", "\"b\"", "\"é\"", "\"\\\"\"", "\"\"", "\"ba,\""};
    static const char* const kClasses[] = {
        "[ab]", "[^a]", "[a-zé]", ".", "[^\"\\\\\\x00-\\x1F]{2,40}", "[\\u0080-\\U0010FFFF]"};
    switch (below(depth > 2 ? 3 : 5)) {
      case 0:
      case 1:
        return kLiterals[below(7)];
      case 2:
        return kClasses[below(6)];
      case 3:
        return "(" + choice(depth + 1) + ")";
      default:
        return reference();
    }
  }

  // Behind a letter, so that recursion is no left recursion; now and then without.
  std::string reference() {
    const int rule = below(rules_);
    const std::string name = rule == 0 ? "root" : "r" + std::to_string(rule);
    return below(8) == 0 ? name : "(\"a\" " + name + ")";
  }

  std::string repetition() {
    static const char* const kRepetitions[] = {"*", "+", "?", "{2}", "{0,3}", "{1,8}", "{2,}"};
    return below(3) == 0 ? kRepetitions[below(7)] : "";
  }

  std::mt19937& random_;
  int rules_ = 0;
};

const std::vector<std::string> kMoreTokens{"aa",           "ab",   "ba",       "aab",      "aba", "éa",   "é",
                                           "\xc3\xa9\xc3", "\"a",  "ab\"",     "a\"b",     "ba,", "zzzz", "xyz",
                                           "aaaaaaaa",     "日本", "\xe6\x97", "\xa5\xe6", "a\n", "bab",  "ababababab"};

// Follows allowed tokens at random; the text so far, and whether the end was taken.
std::pair<std::string, bool> walk_at_random(TokenMasks& masks, std::mt19937& random) {
  std::string text;
  auto state = masks.start();
  for (int step = 0; step < 40; ++step) {
    std::vector<int32_t> tokens;
    const TokenBits& bits = masks.allowed(state);
    for (int32_t token = 0; token < static_cast<int32_t>(masks.tokens().size()); ++token) {
      if (has_bit(bits, token)) tokens.push_back(token);
    }
    EXPECT_FALSE(tokens.empty()) << "a dead end behind '" << text << "'";
    if (tokens.empty()) return {text, false};
    const int32_t token = has_bit(bits, 0) && random() % 4 == 0 ? 0 : tokens[random() % tokens.size()];
    if (token == 0) return {text, true};
    text += masks.tokens().bytes(token);
    state = masks.accept(state, token);
  }
  return {text, false};
}

std::shared_ptr<const GrammarProgram> program_or_null(const Grammar& grammar) {
  try {
    return std::make_shared<GrammarProgram>(grammar);
  } catch (const Error&) {
    return nullptr;  // left recursion, or nothing matches
  }
}

TEST(TokenMasksProperty, WalksOverAllowedTokensAreValidAndValidTextsAreAllowed) {
  std::mt19937 random(20240817);
  const auto tokens = vocabulary(kMoreTokens);
  int grammars = 0;
  int ended = 0;
  int drawn = 0;
  for (int round = 0; round < 60; ++round) {
    const std::string source = RandomGrammar(random).source();
    SCOPED_TRACE(source);
    const Grammar grammar = parse_gbnf(source, "random");
    const auto program = program_or_null(grammar);
    if (!program) continue;
    ++grammars;
    TokenMasks masks(program, tokens);
    GrammarAutomaton automaton(program);
    for (int walk = 0; walk < 4; ++walk) {
      const auto [text, has_ended] = walk_at_random(masks, random);
      if (has_ended && text.size() < 60) {
        EXPECT_TRUE(SlowRecogniser(grammar, text).matches()) << "'" << text << "'";
        ++ended;
      }
    }
    for (int draw = 0; draw < 4; ++draw) {
      std::string text;
      if (!TextDrawer(grammar, random).draw(text) || text.size() > 100) continue;
      ++drawn;
      EXPECT_TRUE(automaton.may_end(automaton.read(automaton.start(), text))) << "'" << text << "'";
      for (size_t end = 0; end <= text.size(); end += 1 + random() % 5)
        expect_exact_mask(masks, automaton, text.substr(0, end));
      // Texts that are nearly valid are judged alike.
      std::string changed = text + "a";
      changed.erase(random() % changed.size(), 1);
      const auto state = automaton.read(automaton.start(), changed);
      EXPECT_EQ(automaton.may_end(state), SlowRecogniser(grammar, changed).matches()) << "'" << changed << "'";
    }
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
  EXPECT_GT(grammars, 30);
  EXPECT_GT(ended, 40);
  EXPECT_GT(drawn, 40);
}

}  // namespace
}  // namespace adze::text
