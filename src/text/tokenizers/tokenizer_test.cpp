#include "text/tokenizers/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "text/tokenizers/byte_alphabet.h"
#include "text/tokenizers/gguf_vocabulary.h"
#include "text/tokenizers/tokenizer_json.h"

namespace adze::text {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Ids = std::vector<int32_t>;

// Ids 0-255 are the bytes, then "he", "ll", "hell", "hello", " hello", <end>, <tool>, unused.
GgufVocabulary byte_level_vocabulary() {
  GgufVocabulary v;
  v.source = "test";
  v.model = "gpt2";
  v.pre = "gpt-2";
  for (int byte = 0; byte < 256; ++byte) {
    v.tokens.emplace_back();
    append_byte_alphabet(std::string(1, static_cast<char>(byte)), v.tokens.back());
  }
  v.tokens.insert(v.tokens.end(), {"he", "ll", "hell", "hello", "\u0120hello", "<end>", "<tool>", "[PAD263]"});
  v.merges = {"h e", "l l", "he ll", "hell o", "\u0120 hello"};
  v.token_types.assign(v.tokens.size(), 1);
  v.token_types[261] = 3;
  v.token_types[262] = 4;
  v.token_types[263] = 5;
  v.eos_id = 261;
  return v;
}

// SentencePiece style: <unk> <s> </s>, the 256 bytes at 3, then pieces.
GgufVocabulary scored_vocabulary() {
  GgufVocabulary v;
  v.source = "test";
  v.model = "llama";
  v.tokens = {"<unk>", "<s>", "</s>"};
  v.token_types = {2, 3, 3};
  for (int byte = 0; byte < 256; ++byte) {
    v.tokens.push_back(byte_token(static_cast<unsigned char>(byte)));
    v.token_types.push_back(6);
  }
  for (const char* piece : {"\u2581", "a", "b", "\u2581a", "ab", "\u2581ab", "c"}) {
    v.tokens.emplace_back(piece);
    v.token_types.push_back(1);
  }
  v.scores.assign(v.tokens.size(), -100);
  v.scores[262] = -3;  // "▁a"
  v.scores[263] = -1;  // "ab" goes first
  v.scores[264] = -2;  // "▁ab"
  v.bos_id = 1;
  v.eos_id = 2;
  v.unk_id = 0;
  return v;
}

Tokenizer make(const GgufVocabulary& vocabulary) { return Tokenizer(from_gguf_vocabulary(vocabulary)); }

TEST(ByteLevelTokenizer, MergesByRank) {
  const auto tokenizer = make(byte_level_vocabulary());
  EXPECT_THAT(tokenizer.encode("hello hello"), ElementsAre(259, 260));
  EXPECT_THAT(tokenizer.encode("hel"), ElementsAre(256, 'l'));
  EXPECT_THAT(tokenizer.encode(""), IsEmpty());
}

TEST(ByteLevelTokenizer, AnyTextComesBack) {
  const auto tokenizer = make(byte_level_vocabulary());
  for (const char* text : {"hello", " \n\t x", "caf\u00e9 \u4e2d\u6587 \U0001F999", "a\u0301", "'re 'RE 12345"}) {
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  }
}

TEST(ByteLevelTokenizer, InvalidBytesCountAsReplacementCharacters) {
  const auto tokenizer = make(byte_level_vocabulary());
  EXPECT_EQ(tokenizer.encode("a\xFF\xE4\xB8z"), tokenizer.encode("a\uFFFD\uFFFDz"));
}

TEST(ByteLevelTokenizer, ControlTokensAreParsedOnlyOnRequest) {
  const auto tokenizer = make(byte_level_vocabulary());
  EXPECT_THAT(tokenizer.encode("h<end>h"), ElementsAre('h', 261, 'h'));
  EXPECT_THAT(tokenizer.encode("<end>", {.parse_special = false}), ElementsAre('<', 'e', 'n', 'd', '>'));
  EXPECT_THAT(tokenizer.encode("<tool>", {.parse_special = false}), ElementsAre(262));
}

TEST(ByteLevelTokenizer, KnowsItsSpecialTokens) {
  const auto tokenizer = make(byte_level_vocabulary());
  EXPECT_TRUE(tokenizer.is_control(261));
  EXPECT_FALSE(tokenizer.is_control(262));
  EXPECT_TRUE(tokenizer.is_end_of_generation(261));
  EXPECT_FALSE(tokenizer.is_end_of_generation(262));
  EXPECT_EQ(tokenizer.find_token("<end>"), 261);
  EXPECT_EQ(tokenizer.find_token("\u0120hello"), 260);
  EXPECT_EQ(tokenizer.find_token("none"), kNoToken);
  EXPECT_EQ(tokenizer.decode(Ids{259, 261, 262}, {.skip_special = true}), "hello<tool>");
  EXPECT_EQ(tokenizer.decode(Ids{263}), "");
}

TEST(ByteLevelTokenizer, RepeatedWordsOfLongTextsEncodeTheSame) {
  const auto tokenizer = make(byte_level_vocabulary());
  Ids expected;
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    text += " hello hel";
    const Ids once = {260, ' ', 256, 'l'};
    expected.insert(expected.end(), once.begin(), once.end());
  }
  EXPECT_EQ(tokenizer.encode(text), expected);
}

TEST(ByteLevelTokenizer, LongWordsTakeReasonableTime) {
  const auto tokenizer = make(byte_level_vocabulary());
  const std::string word(1'000'000, 'l');
  EXPECT_EQ(tokenizer.encode(word).size(), 500'000u);
}

TEST(ByteLevelTokenizer, IsSharedByThreads) {
  const auto tokenizer = make(byte_level_vocabulary());
  std::vector<std::thread> threads;
  std::vector<Ids> results(4);
  for (auto& result : results) threads.emplace_back([&] { result = tokenizer.encode("hello hello <end>"); });
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_THAT(result, ElementsAre(259, 260, ' ', 261));
}

TEST(ScoredTokenizer, BestScoreMergesFirst) {
  const auto tokenizer = make(scored_vocabulary());
  EXPECT_THAT(tokenizer.encode("ab", {.add_special = false}), ElementsAre(264));
  EXPECT_THAT(tokenizer.encode("aab", {.add_special = false}), ElementsAre(262, 263));
  EXPECT_THAT(tokenizer.encode("ab ab"), ElementsAre(1, 264, 264));
}

TEST(ScoredTokenizer, UnknownCharactersBecomeBytes) {
  const auto tokenizer = make(scored_vocabulary());
  EXPECT_THAT(tokenizer.encode("\u00e9", {.add_special = false}), ElementsAre(259, 3 + 0xC3, 3 + 0xA9));
  EXPECT_EQ(tokenizer.decode(Ids{259, 3 + 0xC3, 3 + 0xA9}), "\u00e9");
}

TEST(ScoredTokenizer, ControlTextIsNeverSpelledOut) {
  const auto tokenizer = make(scored_vocabulary());
  EXPECT_EQ(tokenizer.encode("</s>", {.add_special = false}), Ids{2});
  const Ids ids = tokenizer.encode("</s>", {.add_special = false, .parse_special = false});
  EXPECT_THAT(ids, testing::Not(testing::Contains(2)));
}

TEST(ScoredTokenizer, SpaceInFrontIsRemovedAgainUnlessTextGoesOn) {
  const auto tokenizer = make(scored_vocabulary());
  EXPECT_EQ(tokenizer.decode(Ids{264, 264}), "ab ab");
  EXPECT_EQ(tokenizer.decode(Ids{264, 264}, {.continues = true}), " ab ab");
  EXPECT_EQ(tokenizer.decode(Ids{1, 264}, {.skip_special = true}), "ab");
}

TEST(StreamingDecoder, NeverEmitsHalfACharacter) {
  const auto tokenizer = make(byte_level_vocabulary());
  StreamingDecoder decoder(tokenizer);
  EXPECT_EQ(decoder.push('a'), "a");
  EXPECT_EQ(decoder.push(0xF0), "");
  EXPECT_EQ(decoder.push(0x9F), "");
  EXPECT_EQ(decoder.push(0xA6), "");
  EXPECT_EQ(decoder.push(0x99), "\U0001F999");
  EXPECT_EQ(decoder.push(0xE4), "");
  EXPECT_EQ(decoder.push('b'), "\uFFFDb");
  EXPECT_EQ(decoder.push(0xE4), "");
  EXPECT_EQ(decoder.finish(), "\uFFFD");
}

TEST(StreamingDecoder, PiecesConcatenateToTheWhole) {
  const auto tokenizer = make(scored_vocabulary());
  const Ids ids = tokenizer.encode("ab \u00e9\U0001F999 c");
  StreamingDecoder decoder(tokenizer);
  std::string text;
  for (const int32_t id : ids) text += decoder.push(id);
  EXPECT_EQ(text + decoder.finish(), tokenizer.decode(ids));
}

TEST(Tokenizer, TokensAreBytes) {
  const Tokenizer byte_level(from_gguf_vocabulary(byte_level_vocabulary()));
  EXPECT_EQ(byte_level.token_bytes(260), " hello");
  EXPECT_EQ(byte_level.token_bytes(0xC3), "\xC3");  // half a character
  EXPECT_EQ(byte_level.token_bytes(261), "<end>");
  const Tokenizer scored(from_gguf_vocabulary(scored_vocabulary()));
  EXPECT_EQ(scored.token_bytes(262), " a");
  EXPECT_EQ(scored.token_bytes(3 + 0xC3), "\xC3");
  EXPECT_THROW(scored.token_bytes(-1), Error);
}

TEST(Tokenizer, IdsOutOfRangeAreErrors) {
  const auto tokenizer = make(byte_level_vocabulary());
  EXPECT_THROW(tokenizer.decode(Ids{-1}), Error);
  EXPECT_THROW(tokenizer.decode(Ids{100'000}), Error);
  EXPECT_THROW(tokenizer.token_text(264), Error);
}

TEST(Tokenizer, SpecsThatNameMissingTokensAreErrors) {
  TokenizerSpec spec = from_gguf_vocabulary(byte_level_vocabulary());
  spec.prefix_ids = {9999};
  EXPECT_THROW(Tokenizer{spec}, Error);
  EXPECT_THROW(Tokenizer{TokenizerSpec()}, Error);
}

}  // namespace
}  // namespace adze::text
