#include "text/tokenizers/tekken_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "base/json.h"
#include "text/tokenizers/test_ranked_bytes.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kControl = 32;

Json small_file() {
  const auto tokens = ranked_bytes();
  Json vocabulary = Json::array();
  for (size_t rank = 0; rank < tokens.size(); ++rank) {
    vocabulary.push_back({{"rank", rank}, {"token_bytes", base64_of(tokens[rank])}, {"token_str", nullptr}});
  }
  return {{"config",
           {{"pattern", R"(\p{L}+|\s+|[^\p{L}\s]+)"},
            {"num_vocab_tokens", tokens.size()},
            {"default_vocab_size", tokens.size() - 1 + kControl},
            {"default_num_special_tokens", kControl},
            {"version", "v3"}}},
          {"vocab", vocabulary}};
}

std::string error_of(const Json& file) {
  try {
    read_tekken_json(file.dump(), "tekken.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

Json changed(const std::function<void(Json&)>& change) {
  Json file = small_file();
  change(file);
  return file;
}

TEST(TekkenJson, PutsControlTokensFirstAndLeavesOutTokensBeyondTheSize) {
  const Tokenizer tokenizer(read_tekken_json(small_file().dump(), "tekken.json"));
  EXPECT_EQ(tokenizer.vocabulary_size(), 256u + 4 + kControl);  // without "xyz"
  EXPECT_THAT(tokenizer.encode("hello"), ElementsAre(1, 259 + kControl));
  EXPECT_THAT(tokenizer.encode("[INST]xyz", {.add_special = false}),
              ElementsAre(3, 'x' + kControl, 'y' + kControl, 'z' + kControl));
  EXPECT_EQ(tokenizer.token_text(31), "<SPECIAL_31>");
  EXPECT_TRUE(tokenizer.is_end_of_generation(2));
}

TEST(TekkenJson, ReadsListedControlTokens) {
  const auto file = changed([](Json& json) {
    json["special_tokens"] = {{{"rank", 0}, {"token_str", "<unk>"}, {"is_control", true}},
                              {{"rank", 1}, {"token_str", "<s>"}, {"is_control", true}},
                              {{"rank", 2}, {"token_str", "[THINK]"}, {"is_control", true}}};
  });
  const Tokenizer tokenizer(read_tekken_json(file.dump(), "tekken.json"));
  EXPECT_THAT(tokenizer.encode("[THINK]"), ElementsAre(1, 2));
  EXPECT_EQ(tokenizer.token_text(3), "<SPECIAL_3>");
}

TEST(TekkenJson, MalformedFilesAreErrors) {
  EXPECT_THAT(error_of(Json::array()), HasSubstr("no JSON object"));
  EXPECT_THAT(error_of(Json::object()), HasSubstr("has no \"config\""));
  EXPECT_THAT(error_of(changed([](Json& json) { json.erase("vocab"); })), HasSubstr("has no \"vocab\""));
  EXPECT_THAT(error_of(changed([](Json& json) { json["config"]["pattern"] = ""; })), HasSubstr("no pattern"));
  EXPECT_THAT(error_of(changed([](Json& json) { json["config"]["default_vocab_size"] = 1'000'000'000'000; })),
              HasSubstr("cannot be"));
  EXPECT_THAT(error_of(changed([](Json& json) { json["config"]["default_vocab_size"] = 10'000'000; })),
              HasSubstr("does not hold"));
  EXPECT_THAT(error_of(changed([](Json& json) { json["config"]["default_num_special_tokens"] = -1; })),
              HasSubstr("cannot be"));
  EXPECT_THAT(error_of(changed([](Json& json) { json["config"]["default_num_special_tokens"] = 4; })),
              HasSubstr("more than the 4"));
  EXPECT_THAT(error_of(changed([](Json& json) { json["vocab"][5]["rank"] = 6; })), HasSubstr("token 5"));
  EXPECT_THAT(error_of(changed([](Json& json) { json["vocab"][5] = 6; })), HasSubstr("token 5"));
  EXPECT_THAT(error_of(changed([](Json& json) { json["vocab"][5]["token_bytes"] = "!"; })), HasSubstr("no bytes"));
  EXPECT_THAT(error_of(changed([](Json& json) { json["vocab"][5]["token_bytes"] = "Bg=="; })), HasSubstr("same bytes"));
  EXPECT_THAT(error_of(changed([](Json& json) { json["special_tokens"] = {{{"rank", 1}, {"token_str", "<s>"}}}; })),
              HasSubstr("control token 0"));
}

}  // namespace
}  // namespace adze::text
