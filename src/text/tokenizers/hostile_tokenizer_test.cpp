// Tokenizers made to waste memory or time: each must end in an Error or in a result, soon.
#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "text/tokenizers/character_map.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::text {
namespace {

constexpr int kDoublings = 60;

TokenizerSpec small_spec() {
  TokenizerSpec spec;
  spec.source = "test";
  spec.model = TokenModel::unigram;
  spec.tokens = {{"<unk>", 0, TokenType::unknown}, {"a", -1, TokenType::normal}, {" ", -1, TokenType::normal}};
  spec.special.unk = 0;
  return spec;
}

TEST(HostileTokenizer, NormalizerThatDoublesTheText) {
  TokenizerSpec spec = small_spec();
  for (int i = 0; i < kDoublings; ++i) {
    spec.normalizer.push_back({NormalizerStep::Kind::replace_text, "a", "aa", true, true});
  }
  EXPECT_THROW(Tokenizer(spec).encode("a"), Error);
  for (auto& step : spec.normalizer) step.kind = NormalizerStep::Kind::replace_regex;
  EXPECT_THROW(Tokenizer(spec).encode("a"), Error);
}

TEST(HostileTokenizer, PreTokenizerThatDoublesTheText) {
  TokenizerSpec spec = small_spec();
  for (int i = 0; i < kDoublings; ++i) {
    spec.pre_tokenizer.push_back({PreTokenizerStep::Kind::replace_text, "a", "aa"});
  }
  EXPECT_THROW(Tokenizer(spec).encode("a"), Error);
}

TEST(HostileTokenizer, PreTokenizerThatPutsALongTextBeforeEachWord) {
  TokenizerSpec spec = small_spec();
  spec.pre_tokenizer.push_back({PreTokenizerStep::Kind::split_text, " ", ""});
  spec.pre_tokenizer.push_back({PreTokenizerStep::Kind::prepend, std::string(1 << 20, 'x'), ""});
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "a ";
  EXPECT_THROW(Tokenizer(spec).encode(text), Error);
}

TEST(HostileTokenizer, DecoderThatDoublesTheText) {
  TokenizerSpec spec = small_spec();
  for (int i = 0; i < kDoublings; ++i) spec.decoder.push_back({DecoderStep::Kind::replace_text, "a", "aa"});
  const int32_t id = 1;
  EXPECT_THROW(Tokenizer(spec).decode({&id, 1}), Error);
}

TEST(HostileTokenizer, DecoderThatStripsForever) {
  TokenizerSpec spec = small_spec();
  spec.tokens[1].text = std::string(1 << 20, ' ') + "a";
  spec.decoder.push_back({DecoderStep::Kind::strip_start, " ", "", INT32_MAX});
  const int32_t id = 1;
  EXPECT_EQ(Tokenizer(spec).decode({&id, 1}), "a");
}

TEST(HostileTokenizer, SpaceThatSwallowsTheSpaceBefore) {
  TokenizerSpec spec = small_spec();
  AddedToken space;
  space.id = 2;
  space.text = " ";
  space.lstrip = true;
  spec.added_tokens.push_back(space);
  EXPECT_EQ(Tokenizer(spec).encode(std::string(300'000, ' ')).size(), 300'000u);
}

// PCRE2 refuses \K inside a lookbehind, but a lookbehind may call a group that has one.
TEST(HostileTokenizer, MatchesThatBeginBeforeTheSearch) {
  TokenizerSpec spec = small_spec();
  const std::string pattern = R"((?:(\Ka){0})(?<=(?1)))";
  spec.pre_tokenizer.push_back({PreTokenizerStep::Kind::split_regex, pattern, ""});
  EXPECT_EQ(Tokenizer(spec).encode("aaaa aaaa").size(), 9u);
  spec.normalizer.push_back({NormalizerStep::Kind::replace_regex, pattern, "x", true, true});
  EXPECT_EQ(Tokenizer(spec).encode("aaaa aaaa").size(), 9u);
}

// The trie's only node leads back to itself: a key that never ends.
TEST(HostileTokenizer, CharacterMapThatGoesInCircles) {
  std::vector<uint32_t> units('a' + 1u, 0u);
  units['a'] = 'a' | 'a' << 10;
  const auto trie_bytes = static_cast<uint32_t>(units.size() * sizeof(uint32_t));
  std::string bytes(sizeof trie_bytes + trie_bytes, '\0');
  std::memcpy(bytes.data(), &trie_bytes, sizeof trie_bytes);
  std::memcpy(bytes.data() + sizeof trie_bytes, units.data(), trie_bytes);
  const std::string text(300'000, 'a');
  EXPECT_EQ(CharacterMap(bytes).apply(text, GrowthLimit(text.size())), text);
}

}  // namespace
}  // namespace adze::text
