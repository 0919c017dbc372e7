#include "server/llama_infill.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "server/request_error.h"

namespace adze::server {
namespace {

// Letters are tokens 0 to 25, the line break 26; others are unknown (27). Of all roles from 30 on there is a token.
text::Tokenizer letters(bool has_roles, bool has_files) {
  text::TokenizerSpec spec;
  spec.source = "letters";
  for (char c = 'a'; c <= 'z'; ++c) spec.tokens.push_back({std::string(1, c)});
  spec.tokens.push_back({"\n"});
  spec.tokens.push_back({"<unk>", 0, text::TokenType::unknown});
  spec.special.unk = 27;
  while (spec.tokens.size() < 40)
    spec.tokens.push_back({fmt::format("<{}>", spec.tokens.size()), 0, text::TokenType::control});
  if (has_roles) {
    spec.special.fim_pre = 30;
    spec.special.fim_suf = 31;
    spec.special.fim_mid = 32;
  }
  if (has_files) {
    spec.special.fim_rep = 33;
    spec.special.fim_sep = 34;
  }
  return text::Tokenizer(std::move(spec));
}

std::vector<int32_t> tokens_of(const text::Tokenizer& tokenizer, const Json& body) {
  return infill_tokens(tokenizer, read_llama_infill(body));
}

std::vector<int32_t> spelled(const text::Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, {.add_special = false});
}

TEST(LlamaInfill, PutsTheMiddleLast) {
  const auto tokenizer = letters(true, false);
  EXPECT_EQ(tokens_of(tokenizer, {{"input_prefix", "ab"}, {"input_suffix", "c"}, {"prompt", "d"}}),
            (std::vector<int32_t>{30, 0, 1, 3, 31, 2, 32}));
  EXPECT_EQ(tokens_of(tokenizer, {{"input_prefix", ""}, {"input_suffix", ""}}), (std::vector<int32_t>{30, 31, 32}));
}

TEST(LlamaInfill, PutsOtherFilesInFront) {
  const auto tokenizer = letters(true, true);
  std::vector<int32_t> expected{33};
  const auto add = [&](std::string_view text) {
    const auto more = spelled(tokenizer, text);
    expected.insert(expected.end(), more.begin(), more.end());
  };
  add("myproject\n");
  expected.push_back(34);
  add("x\n");
  add("yz");
  expected.push_back(34);
  add("filename\n");
  expected.insert(expected.end(), {30, 0, 31, 1, 32});
  EXPECT_EQ(
      tokens_of(tokenizer,
                {{"input_prefix", "a"}, {"input_suffix", "b"}, {"input_extra", {{{"filename", "x"}, {"text", "yz"}}}}}),
      expected);
}

TEST(LlamaInfill, NeedsAVocabularyForIt) {
  EXPECT_THROW(tokens_of(letters(false, false), {{"input_prefix", "a"}, {"input_suffix", "b"}}), Error);
  EXPECT_THROW(read_llama_infill({{"input_prefix", "a"}}), RequestError);
  EXPECT_THROW(
      read_llama_infill({{"input_prefix", "a"}, {"input_suffix", "b"}, {"input_extra", {{{"filename", "x"}}}}}),
      RequestError);
}

}  // namespace
}  // namespace adze::server
