#include "text/tokenizers/tiktoken_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "text/tokenizers/test_ranked_bytes.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const TiktokenEncoding kEncoding{"test", R"(\p{L}+|\s+|[^\p{L}\s]+)", {{"<|end|>", 300}}};

std::string lines_of(const std::vector<std::string>& tokens) {
  std::string text;
  for (size_t rank = 0; rank < tokens.size(); ++rank) {
    text += base64_of(tokens[rank]) + " " + std::to_string(rank) + "\n";
  }
  return text;
}

std::string error_of(const std::string& text, const TiktokenEncoding& encoding = kEncoding) {
  try {
    read_tiktoken(text, encoding, "ranks");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(TiktokenFile, MergesByTheRankOfWhatComesOut) {
  const Tokenizer tokenizer(read_tiktoken(lines_of(ranked_bytes()), kEncoding, "ranks"));
  EXPECT_THAT(tokenizer.encode("hello"), ElementsAre(259));
  EXPECT_THAT(tokenizer.encode("hellhe ll"), ElementsAre(258, 256, ' ', 257));
  EXPECT_THAT(tokenizer.encode("xyz xyza"), ElementsAre(260, ' ', 'x', 'y', 'z', 'a'));  // a whole word is taken
  EXPECT_THAT(tokenizer.encode("a<|end|>"), ElementsAre('a', 300));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("hello \xC3\xA9\n")), "hello \xC3\xA9\n");
}

TEST(TiktokenFile, LinesMayEndAsWindowsHasThem) {
  auto text = lines_of(ranked_bytes());
  for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.insert(at, "\r");
  EXPECT_EQ(read_tiktoken(text, kEncoding, "ranks").tokens.size(), 301u);
}

TEST(TiktokenFile, ControlTokensMayLieInAGap) {
  auto text = lines_of(ranked_bytes());
  text += base64_of("zz") + " 302\n";
  const auto spec = read_tiktoken(text, kEncoding, "ranks");
  EXPECT_EQ(spec.tokens[300].text, "<|end|>");
  EXPECT_EQ(spec.tokens[302].text, "zz");
  EXPECT_EQ(spec.tokens[301].type, TokenType::unused);
}

TEST(TiktokenFile, MalformedFilesAreErrors) {
  const auto good = lines_of(ranked_bytes());
  EXPECT_THAT(error_of(""), HasSubstr("no tokens"));
  EXPECT_THAT(error_of(good + "eHg=\n"), HasSubstr("line 262"));
  EXPECT_THAT(error_of(good + "e?g= 261\n"), HasSubstr("line 262"));
  EXPECT_THAT(error_of(good + "eHg= 26x\n"), HasSubstr("line 262"));
  EXPECT_THAT(error_of(good + "eHg= 5\n"), HasSubstr("there twice"));
  EXPECT_THAT(error_of(good + "eHg= 4000000000\n"), HasSubstr("far beyond"));
  EXPECT_THAT(error_of(good + "eHg= -1\n"), HasSubstr("line 262"));
  EXPECT_THAT(error_of(good + "eHg= 99999999999999999999999\n"), HasSubstr("line 262"));
  EXPECT_THAT(error_of(good + base64_of("hello") + " 261\n"), HasSubstr("same bytes"));
  EXPECT_THAT(error_of(good.substr(good.find('\n') + 1)), HasSubstr("no token is the byte 0x00"));
  EXPECT_THAT(error_of(good, {"test", "a", {{"<|end|>", 7}}}), HasSubstr("is taken"));
}

TEST(TiktokenFile, EncodingsAreFoundByTheNameOfTheFile) {
  ASSERT_NE(find_tiktoken_encoding("/models/qwen.tiktoken"), nullptr);
  EXPECT_EQ(find_tiktoken_encoding("/models/qwen.tiktoken")->name, "qwen");
  EXPECT_EQ(find_tiktoken_encoding("gpt2/other.tiktoken"), nullptr);
  for (const auto& encoding : tiktoken_encodings()) EXPECT_FALSE(encoding.pattern.empty());
}

}  // namespace
}  // namespace adze::text
