#include "text/tokenizers/gguf_vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>

#include "base/error.h"
#include "text/tokenizers/gguf_pre_tokenizers.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::text {
namespace {

GgufVocabulary small_vocabulary() {
  GgufVocabulary v;
  v.source = "small.gguf";
  v.model = "gpt2";
  v.pre = "default";
  v.tokens = {"a", "b", "ab", "<|im_end|>"};
  v.token_types = {1, 1, 1, 3};
  v.merges = {"a b"};
  v.bos_id = 3;
  return v;
}

TEST(GgufVocabulary, FlagsDecideWhatIsPutAround) {
  auto v = small_vocabulary();
  EXPECT_TRUE(from_gguf_vocabulary(v).prefix_ids.empty());
  v.add_bos = true;
  EXPECT_THAT(from_gguf_vocabulary(v).prefix_ids, testing::ElementsAre(3));
  v.add_bos = std::nullopt;
  v.pre = "llama-bpe";  // adds it unless told not to
  EXPECT_THAT(from_gguf_vocabulary(v).prefix_ids, testing::ElementsAre(3));
}

GgufVocabulary small_wordpiece() {
  GgufVocabulary v;
  v.source = "small.gguf";
  v.model = "bert";
  v.tokens = {"[UNK]", "[CLS]", "[SEP]", "\u2581a", "b", "\u2581[x]", "[y]", "\u2581\u00e9"};
  v.token_types = {3, 3, 3, 1, 1, 1, 1, 1};
  v.unk_id = 0;
  v.cls_id = 1;
  v.sep_id = 2;
  return v;
}

TEST(GgufVocabulary, WordPieceMarksBeginningsOfWords) {
  const auto spec = from_gguf_vocabulary(small_wordpiece());
  EXPECT_EQ(spec.tokens[3].text, "a");
  EXPECT_EQ(spec.tokens[4].text, "##b");
  EXPECT_EQ(spec.tokens[5].text, "[x]");
  EXPECT_EQ(spec.tokens[6].text, "[y]");  // as older files have it
  EXPECT_THAT(Tokenizer(spec).encode("Ab a"), testing::ElementsAre(1, 3, 4, 3, 2));
  EXPECT_THAT(spec.between_ids, testing::ElementsAre(2));
  EXPECT_EQ(spec.second_type, 1);
  const auto written = to_gguf_vocabulary(spec);
  EXPECT_EQ(written.tokens[3], "\u2581a");
  EXPECT_EQ(written.tokens[4], "b");
  EXPECT_EQ(written.tokens[5], "\u2581[x]");
  EXPECT_EQ(written.lowercase, true);
  EXPECT_EQ(written.strip_accents, std::nullopt);
}

TEST(GgufVocabulary, WordPieceKeepsCaseAndAccentsWhereTold) {
  auto v = small_wordpiece();
  v.lowercase = false;
  const auto cased = from_gguf_vocabulary(v);
  EXPECT_THAT(Tokenizer(cased).encode("A \u00e9"), testing::ElementsAre(1, 0, 7, 2));
  EXPECT_EQ(to_gguf_vocabulary(cased).lowercase, false);
  v.lowercase = true;
  v.strip_accents = false;
  const auto accented = from_gguf_vocabulary(v);
  EXPECT_THAT(Tokenizer(accented).encode("A \u00c9"), testing::ElementsAre(1, 3, 7, 2));
  EXPECT_EQ(to_gguf_vocabulary(accented).strip_accents, false);
}

// Two letters of "abcdefg" for each of 49 merges, in order, behind `first` and the letters.
GgufVocabulary vocabulary_of_pairs(const std::string& first) {
  GgufVocabulary v;
  v.model = "gpt2";
  v.pre = "default";
  v.tokens = {first, "a", "b", "c", "d", "e", "f", "g"};
  for (char left = 'a'; left <= 'g'; ++left) {
    for (char right = 'a'; right <= 'g'; ++right) {
      v.tokens.push_back({left, right});
      v.merges.push_back({left, ' ', right});
    }
  }
  return v;
}

TEST(GgufVocabulary, OfEqualTokensThatMergesMakeTheFirstCounts) {
  const Tokenizer plain(from_gguf_vocabulary(vocabulary_of_pairs("other")));
  const Tokenizer repeated(from_gguf_vocabulary(vocabulary_of_pairs("gf")));
  EXPECT_THAT(plain.encode("gf"), testing::ElementsAre(8 + 47));
  EXPECT_THAT(repeated.encode("gf"), testing::ElementsAre(0));
  EXPECT_THAT(repeated.encode("gg"), testing::ElementsAre(8 + 48));
}

TEST(GgufVocabulary, EndOfTurnIsFoundByItsText) { EXPECT_EQ(from_gguf_vocabulary(small_vocabulary()).special.eot, 3); }

TEST(GgufVocabulary, HostileOnesAreErrors) {
  const std::vector<std::function<void(GgufVocabulary&)>> spoil = {
      [](auto& v) { v.tokens.clear(); },    [](auto& v) { v.token_types.pop_back(); },
      [](auto& v) { v.bos_id = 4; },        [](auto& v) { v.eos_id = 0xFFFFFFFF; },
      [](auto& v) { v.merges = {"ab"}; },   [](auto& v) { v.merges = {""}; },
      [](auto& v) { v.merges.clear(); },    [](auto& v) { v.pre = "no-such-pre"; },
      [](auto& v) { v.model = "no-such"; }, [](auto& v) { v.model = "llama"; },
      [](auto& v) { v.scores = {1, 2}; },   [](auto& v) { v.scores.assign(4, std::nanf("")); },
  };
  for (size_t i = 0; i < spoil.size(); ++i) {
    auto v = small_vocabulary();
    spoil[i](v);
    EXPECT_THROW(from_gguf_vocabulary(v), Error) << i;
  }
}

TEST(GgufVocabulary, MergesOfUnknownTokensAreIgnored) {
  auto v = small_vocabulary();
  v.merges.insert(v.merges.begin(), "b b");
  const Tokenizer tokenizer(from_gguf_vocabulary(v));
  EXPECT_THAT(tokenizer.encode("abb"), testing::ElementsAre(2, 1));
}

TEST(GgufPreTokenizers, EveryRowCompilesAndIdsAreUnique) {
  std::set<std::string_view> ids;
  for (const auto& row : gguf_pre_tokenizers()) {
    for (const auto id : row.ids) EXPECT_TRUE(ids.insert(id).second) << id;
    auto v = small_vocabulary();
    v.pre = row.ids.front();
    const Tokenizer tokenizer(from_gguf_vocabulary(v));
    EXPECT_EQ(tokenizer.encode("ab ab", {.add_special = false}).size(), 2u) << v.pre;  // no token for the space
  }
}

TEST(GgufPreTokenizers, RowsAreDeducedFromTheirOwnPatterns) {
  for (const auto& row : gguf_pre_tokenizers()) {
    auto v = small_vocabulary();
    v.pre = row.ids.front();
    TokenizerSpec spec = from_gguf_vocabulary(v);
    spec.gguf_pre.clear();
    const auto* found = find_gguf_pre_tokenizer(deduce_gguf_pre(spec));
    ASSERT_NE(found, nullptr) << v.pre;
    EXPECT_EQ(found->patterns, row.patterns) << v.pre;
    EXPECT_EQ(found->ignore_merges, row.ignore_merges) << v.pre;
  }
}

TEST(GgufPreTokenizers, OtherPatternsHaveNoId) {
  TokenizerSpec spec = from_gguf_vocabulary(small_vocabulary());
  spec.gguf_pre.clear();
  spec.pre_tokenizer.front().pattern = "[xyz]";
  EXPECT_EQ(deduce_gguf_pre(spec), "");
}

}  // namespace
}  // namespace adze::text
