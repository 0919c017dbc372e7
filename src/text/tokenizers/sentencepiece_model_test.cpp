#include "text/tokenizers/sentencepiece_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "base/error.h"
#include "text/tokenizers/byte_alphabet.h"
#include "text/tokenizers/tokenizer.h"
#include "text/tokenizers/tokenizer_json.h"

namespace adze::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint64_t kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kByte = 6;
constexpr uint64_t kUnigram = 1, kBpe = 2;

std::string number(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string number_field(uint32_t field, uint64_t value) { return number(field << 3) + number(value); }
std::string bytes_field(uint32_t field, const std::string& bytes) {
  return number(field << 3 | 2) + number(bytes.size()) + bytes;
}
std::string float_field(uint32_t field, float value) {
  std::string bytes(4, '\0');
  std::memcpy(bytes.data(), &value, 4);
  return number(field << 3 | 5) + bytes;
}
std::string piece(const std::string& text, float score, uint64_t type = kNormal) {
  return bytes_field(1, bytes_field(1, text) + float_field(2, score) + number_field(3, type));
}

// <unk> <s> </s>, the bytes at 3, "▁" 259, a 260, b 261, "ab" 262, "▁a" 263, "▁ab" 264, "[x]" 265 (user-defined).
std::string small_file(uint64_t model_type, const std::string& normalizer = number_field(4, 0)) {
  std::string file = piece("<unk>", 0, kUnknown) + piece("<s>", 0, kControl) + piece("</s>", 0, kControl);
  for (int byte = 0; byte < 256; ++byte) file += piece(byte_token(static_cast<unsigned char>(byte)), 0, kByte);
  file += piece("\u2581", -9) + piece("a", -8) + piece("b", -8) + piece("ab", -1) + piece("\u2581a", -3);
  file += piece("\u2581ab", -2) + piece("[x]", 0, kUserDefined);
  return file + bytes_field(2, number_field(3, model_type) + number_field(35, 1)) + bytes_field(3, normalizer);
}

std::string error_of(const std::string& file) {
  try {
    read_sentencepiece_model(file, "tokenizer.model");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::vector<int32_t> encode(const std::string& file, const char* text) {
  return Tokenizer(read_sentencepiece_model(file, "tokenizer.model")).encode(text);
}

TEST(SentencePieceModel, ReadsBpe) {
  EXPECT_THAT(encode(small_file(kBpe), "ab a"), ElementsAre(1, 264, 263));
  EXPECT_THAT(encode(small_file(kBpe), " ab"), ElementsAre(1, 259, 264));  // spaces stay
  EXPECT_THAT(encode(small_file(kBpe), "\u00E9"), ElementsAre(1, 259, 3 + 0xC3, 3 + 0xA9));
}

TEST(SentencePieceModel, ReadsUnigram) {
  EXPECT_THAT(encode(small_file(kUnigram), "ab b"), ElementsAre(264, 259, 261, 2));
}

TEST(SentencePieceModel, UserDefinedTokensAreWholeAndGetNoSpaceBehindThem) {
  EXPECT_THAT(encode(small_file(kBpe), "a[x]ab"), ElementsAre(1, 263, 265, 262));
  EXPECT_THAT(encode(small_file(kBpe), "[x]"), ElementsAre(1, 259, 265));
  EXPECT_THAT(encode(small_file(kUnigram), "a[x]ab"), ElementsAre(263, 265, 262, 2));
}

TEST(SentencePieceModel, DropsSpacesWhereTheFileSaysSo) {
  EXPECT_THAT(encode(small_file(kBpe, number_field(4, 1)), "  ab   a "), ElementsAre(1, 264, 263));
  EXPECT_THAT(encode(small_file(kBpe, ""), "  ab   a "), ElementsAre(1, 264, 263));  // which it does by saying nothing
  EXPECT_THAT(encode(small_file(kBpe, number_field(3, 0) + number_field(4, 0)), "ab"), ElementsAre(1, 262));
}

TEST(SentencePieceModel, AConfigAddsTokensAndSaysWhatStandsAround) {
  auto spec = read_sentencepiece_model(small_file(kBpe), "tokenizer.model");
  apply_tokenizer_config(R"({"add_bos_token": false, "add_eos_token": true, "pad_token": "<pad>",
      "added_tokens_decoder": {"1": {"content": "<s>", "special": true}, "266": {"content": "<pad>", "special": true},
                               "268": {"content": "user:", "special": false, "normalized": false}}})",
                         spec);
  EXPECT_EQ(spec.special.pad, 266);
  EXPECT_EQ(spec.tokens[267].type, TokenType::unused);
  EXPECT_THAT(Tokenizer(spec).encode("ab<pad>user:"), ElementsAre(264, 266, 268, 2));
  EXPECT_THROW(apply_tokenizer_config(R"({"added_tokens_decoder": {"4000000000": {"content": "x"}}})", spec), Error);
  EXPECT_THROW(apply_tokenizer_config(R"({"added_tokens_decoder": {"-1": {"content": "x"}}})", spec), Error);
  EXPECT_THROW(apply_tokenizer_config(R"({"added_tokens_decoder": {"300": 7}})", spec), Error);
}

TEST(SentencePieceModel, MalformedFilesAreErrors) {
  const std::string good = small_file(kBpe);
  EXPECT_THAT(error_of(""), HasSubstr("no pieces"));
  EXPECT_THAT(error_of(good.substr(0, good.size() - 1)), HasSubstr("ends too early"));
  EXPECT_THAT(error_of(number(1 << 3 | 2) + number(uint64_t{1} << 62)), HasSubstr("ends too early"));
  EXPECT_THAT(error_of(std::string(11, '\xFF')), HasSubstr("has no end"));
  EXPECT_THAT(error_of("\x0B"), HasSubstr("kind 3"));
  EXPECT_THAT(error_of(piece("a", 0, 9) + good), HasSubstr("type 9"));
  EXPECT_THAT(error_of(piece("a", std::numeric_limits<float>::quiet_NaN()) + good), HasSubstr("no number"));
  EXPECT_THAT(error_of(piece("\xFF", 0) + good), HasSubstr("not UTF-8"));
  EXPECT_THAT(error_of(small_file(3)), HasSubstr("words or characters"));
  EXPECT_THAT(error_of(small_file(kBpe, number_field(5, 0))), HasSubstr("mark spaces in front"));
  for (size_t size = 0; size < good.size(); size += 7) error_of(good.substr(0, size));
}

}  // namespace
}  // namespace adze::text
