// Tokenizers as OpenVINO's IR: vocabularies as they come, patterns, and what is refused.
// tests/peers/openvino_tokenizer_peer.py runs them in OpenVINO GenAI.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <pugixml.hpp>

#include "base/error.h"
#include "base/log.h"
#include "formats/format.h"
#include "formats/openvino_tokenizer/bpe_vocabulary.h"
#include "formats/openvino_tokenizer/text_layers.h"
#include "formats/openvino_tokenizer/token_patterns.h"
#include "formats/test_folder.h"
#include "formats/test_small_model.h"
#include "text/tokenizers/byte_alphabet.h"
#include "text/tokenizers/regex.h"

namespace adze::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using text::TokenType;

std::string message_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    return error.what();
  }
  return "nothing was refused";
}

// Bytes in GPT-2's alphabet, then these tokens.
text::TokenizerSpec byte_level(const std::vector<std::string>& tokens) {
  text::TokenizerSpec spec;
  for (int byte = 0; byte < 256; ++byte) {
    std::string text;
    text::append_byte_alphabet(std::string(1, static_cast<char>(byte)), text);
    spec.tokens.push_back({text});
  }
  for (const auto& text : tokens) spec.tokens.push_back({text});
  spec.pre_tokenizer = {{text::PreTokenizerStep::Kind::byte_alphabet, {}, {}}};
  spec.decoder = {{text::DecoderStep::Kind::byte_alphabet, {}, {}}};
  return spec;
}

// The match at the start of a text, or nothing.
std::string match_of(const std::string& pattern, std::string_view text) {
  const text::Regex regex(pattern);
  text::Regex::Searcher searcher(regex);
  text::TextRange match;
  return searcher.find(text, 0, match) ? std::string(text.substr(match.begin, match.end - match.begin)) : "";
}

TEST(TokenPatterns, FindTheLongestTextAsItIsSpelled) {
  const auto pattern = longest_pattern({"ab", "a", "abcd", "b+", "", "中文", "中", "a"});
  EXPECT_EQ(match_of(pattern, "abcx"), "ab");
  EXPECT_EQ(match_of(pattern, "abcdx"), "abcd");
  EXPECT_EQ(match_of(pattern, "xab"), "ab");
  EXPECT_EQ(match_of(pattern, "b+"), "b+");
  EXPECT_EQ(match_of(pattern, "bb"), "");
  EXPECT_EQ(match_of(pattern, "中文"), "中文");
  EXPECT_EQ(match_of(pattern, "中国"), "中");
  EXPECT_EQ(match_of(longest_pattern({}), "a"), "");
  EXPECT_EQ(match_of(literal_pattern("<|x|>\n"), "<|x|>\n"), "<|x|>\n");
}

TEST(TokenPatterns, RefuseWhatPcre2CannotNest) {
  std::vector<std::string> texts;
  for (size_t length = 1; length < 1000; ++length) texts.emplace_back(length, 'a');
  EXPECT_THAT(message_of([&] { longest_pattern(texts); }), HasSubstr("begin with one another"));
  EXPECT_EQ(match_of(longest_pattern({std::string(20'000, 'a')}), std::string(20'001, 'a')).size(), 20'000U);
}

TEST(TokenPatterns, AddedTokensTakeTheirWhiteSpace) {
  const auto pattern = added_tokens_pattern(
      {{.text = "<mask>", .lstrip = true}, {.text = "<s>"}, {.text = "word", .single_word = true}});
  EXPECT_EQ(match_of(pattern, "a \t<mask> b"), " \t<mask>");
  EXPECT_EQ(match_of(pattern, "a <s> b"), "<s>");
  EXPECT_EQ(match_of(pattern, "a words word"), "word");
  EXPECT_EQ(match_of(pattern, "words"), "");
  EXPECT_THAT(message_of([] { added_tokens_pattern({{.text = "<m"}, {.text = "<mask>", .lstrip = true}}); }),
              HasSubstr("<mask>"));
}

TEST(BpeVocabulary, HasWhatMergesReach) {
  auto spec = byte_level({"ab", "abc", "xyz", "ab", "yz"});
  spec.merges.add("a", "b");
  spec.merges.add("ab", "c");
  spec.merges.add("ab", "c");   // again
  spec.merges.add("x", "yz");   // nothing makes "yz"
  spec.merges.add("a", "zzz");  // no token
  spec.merges.add("q", "r");    // makes no token
  const auto made = bpe_vocabulary(spec);
  EXPECT_THAT(made.left, ElementsAre("a", "ab"));
  EXPECT_THAT(made.right, ElementsAre("b", "c"));
  EXPECT_EQ(made.texts[' '], std::string(1, ' '));
  EXPECT_EQ(made.texts[256], "ab");
  EXPECT_EQ(made.texts[257], "abc");
  EXPECT_EQ(made.texts[258], kNoText);
  EXPECT_EQ(made.texts[259], kNoText);  // the first of equals counts
  EXPECT_TRUE(made.whole_words.empty());
}

TEST(BpeVocabulary, KeepsWordsWholeThatMergesDoNotMake) {
  auto spec = byte_level({"ab", "abc", "\u0120x"});
  spec.merges.add("a", "b");
  spec.ignore_merges = true;
  EXPECT_THAT(bpe_vocabulary(spec).whole_words, ElementsAre(Pair("abc", 257), Pair(" x", 258)));
}

TEST(BpeVocabulary, BytesStandForTokensOfBytes) {
  text::TokenizerSpec spec;
  for (int byte = 0; byte < 256; ++byte) {
    spec.tokens.push_back({text::byte_token(static_cast<unsigned char>(byte)), 0, TokenType::byte});
  }
  spec.tokens.push_back({"a"});
  spec.byte_fallback = true;
  auto made = bpe_vocabulary(spec);
  EXPECT_EQ(made.texts[0xE4], "\xE4");
  EXPECT_EQ(made.texts['b'], "b");
  EXPECT_EQ(made.texts['a'], kNoText);
  EXPECT_EQ(made.texts[256], "a");
  spec.tokens.push_back({"<0x62>a"});
  spec.merges.add("<0x62>", "a");
  EXPECT_THAT(message_of([&] { bpe_vocabulary(spec); }), HasSubstr("<0x62>"));
  spec.merges = {};
  spec.tokens[0xE4] = {{}, 0, TokenType::unused};
  EXPECT_THAT(message_of([&] { bpe_vocabulary(spec); }), HasSubstr("byte 228"));
}

TEST(BpeVocabulary, UnknownCharactersHaveAPattern) {
  text::TokenizerSpec spec;
  spec.tokens = {{"<unk>", 0, TokenType::unknown}, {"a"}, {"b"}, {"d"}, {"ab"}};
  spec.special.unk = 0;
  EXPECT_EQ(match_of(bpe_vocabulary(spec).unknown_pattern, "abcce"), "c");
  spec.fuse_unknown = true;
  EXPECT_EQ(match_of(bpe_vocabulary(spec).unknown_pattern, "abcced"), "cce");
}

TEST(BpeVocabulary, UnknownBytesAreKnown) {
  auto spec = byte_level({"<unk>"});
  for (const size_t byte : {0x04, 0x05, 0xF0, 0xFF}) spec.tokens[byte] = {{}, 0, TokenType::unused};
  EXPECT_TRUE(bpe_vocabulary(spec).unknown_bytes.empty());  // they are left out
  spec.special.unk = 256;
  EXPECT_THAT(bpe_vocabulary(spec).unknown_bytes, ElementsAre("\x04", "\x05", "\xF0"));
  spec.fuse_unknown = true;
  EXPECT_THAT(message_of([&] { bpe_vocabulary(spec); }), HasSubstr("byte 240"));
}

struct WrittenTokenizer {
  std::string folder = test_folder() + "/m";
  std::string warning;

  explicit WrittenTokenizer(text::TokenizerSpec spec) {
    auto model = small_model(type_named("f32"), type_named("f32"));
    model.tokenizer = std::make_shared<const text::TokenizerSpec>(std::move(spec));
    set_log_sink([this](LogLevel, std::string_view message) { warning = message; });
    format_named("openvino").write(model, folder, {});
    set_log_sink({});
  }
  bool has(const char* name) const { return std::filesystem::exists(folder + "/" + name); }
  std::vector<std::string> types(const char* name) const {
    pugi::xml_document document;
    EXPECT_TRUE(document.load_file((folder + "/" + name).c_str()));
    std::vector<std::string> types;
    for (const auto layer : document.child("net").child("layers")) {
      if (layer.attribute("version").value() == std::string("extension"))
        types.push_back(layer.attribute("type").value());
    }
    return types;
  }
};

TEST(TokenizerIr, LiesBesideTheModel) {
  auto spec = byte_level({"ab", "<s>"});
  spec.merges.add("a", "b");
  spec.tokens[257].type = TokenType::control;
  spec.added_tokens = {{.id = 257, .text = "<s>", .special = true}};
  spec.special.bos = 257;
  spec.prefix_ids = {257};
  const WrittenTokenizer written(std::move(spec));
  EXPECT_EQ(written.warning, "");
  EXPECT_THAT(written.types("openvino_tokenizer.xml"),
              ElementsAre("SpecialTokensSplit", "RegexNormalization", "BPETokenizer", "Truncate", "CombineSegments",
                          "RaggedToDense"));
  EXPECT_THAT(written.types("openvino_detokenizer.xml"), ElementsAre("VocabDecoder", "FuzeRagged", "UTF8Validate"));
  EXPECT_TRUE(written.has("openvino_tokenizer.bin") && written.has("openvino_detokenizer.bin"));
}

TEST(TokenizerIr, IsLeftOutWhereItHasNoForm) {
  auto spec = byte_level({"ab"});
  spec.merges.add("a", "b");
  spec.normalizer = {{text::NormalizerStep::Kind::lowercase, {}, {}}};
  const WrittenTokenizer written(std::move(spec));
  EXPECT_THAT(written.warning, HasSubstr("lower case"));
  EXPECT_THAT(written.warning, HasSubstr("convert_tokenizer"));
  EXPECT_TRUE(written.has("openvino_model.xml") && written.has("tokenizer.json"));
  EXPECT_FALSE(written.has("openvino_tokenizer.xml") || written.has("openvino_tokenizer.bin"));
  EXPECT_FALSE(written.has("openvino_detokenizer.xml") || written.has("openvino_detokenizer.bin"));
}

}  // namespace
}  // namespace adze::formats
