#include "runtime/samplers/vocabulary_options.h"

#include <gtest/gtest.h>

#include <cmath>

#include "text/tokenizers/byte_alphabet.h"
#include "text/tokenizers/gguf_vocabulary.h"

namespace adze::runtime {
namespace {

using Sequences = std::vector<std::vector<int32_t>>;

// Ids 0-255 are the bytes, then "x:", "ab", "xab", <end>.
text::Tokenizer small_tokenizer() {
  text::GgufVocabulary vocabulary;
  vocabulary.source = "test";
  vocabulary.model = "gpt2";
  vocabulary.pre = "gpt-2";
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary.tokens.emplace_back();
    text::append_byte_alphabet(std::string(1, static_cast<char>(byte)), vocabulary.tokens.back());
  }
  vocabulary.tokens.insert(vocabulary.tokens.end(), {"x:", "ab", "xab", "<end>"});
  vocabulary.merges = {"x :", "a b", "x ab"};
  vocabulary.token_types.assign(vocabulary.tokens.size(), 1);
  vocabulary.token_types[259] = 3;
  vocabulary.eos_id = 259;
  return text::Tokenizer(text::from_gguf_vocabulary(vocabulary));
}

Sequences breakers_of(const std::vector<std::string>& texts) { return dry_breakers_of(small_tokenizer(), texts); }

TEST(VocabularyOptions, TokensThatHoldABreakerAreOne) {
  EXPECT_EQ(breakers_of({":"}), (Sequences{{':'}, {256}}));
  EXPECT_EQ(breakers_of({":", "\n"}), (Sequences{{'\n'}, {':'}, {256}}));
  EXPECT_EQ(breakers_of({}), Sequences());
  EXPECT_EQ(breakers_of({""}), Sequences());
}

TEST(VocabularyOptions, TokensThatEndWithItsBeginningStartOne) {
  // "abc": "ab" and "xab" go on with "c"; "a" goes on with "b" and "c".
  EXPECT_EQ(breakers_of({"abc"}), (Sequences{{'a', 'b', 'c'}, {257, 'c'}, {258, 'c'}}));
  EXPECT_EQ(breakers_of({"ab"}), (Sequences{{'a', 'b'}, {257}, {258}}));
}

TEST(VocabularyOptions, LongBreakersAreCut) {
  const auto sequences = breakers_of({std::string(100, 'q')});
  EXPECT_EQ(sequences, (Sequences{std::vector<int32_t>(21, 'q')}));
}

TEST(VocabularyOptions, BiasesOfTextsAndOfTheEnd) {
  const auto of_text = biases_of_text(small_tokenizer(), "ab:", -2);
  ASSERT_EQ(of_text.size(), 2u);
  EXPECT_EQ(of_text[0].token, 257);
  EXPECT_EQ(of_text[1].token, ':');
  EXPECT_EQ(of_text[1].bias, -2);
  const auto of_end = biases_against_the_end(small_tokenizer());
  ASSERT_EQ(of_end.size(), 1u);
  EXPECT_EQ(of_end[0].token, 259);
  EXPECT_TRUE(std::isinf(of_end[0].bias));
}

}  // namespace
}  // namespace adze::runtime
