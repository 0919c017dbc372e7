#include "text/tokenizers/tokenizer_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "text/tokenizers/gguf_vocabulary.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Lower-cased words of a, b and c with a template around them.
constexpr const char* kSmall = R"({
  "added_tokens": [
    {"id": 0, "content": "<unk>", "special": true, "normalized": false},
    {"id": 1, "content": "<s>", "special": true, "normalized": false},
    {"id": 6, "content": "<x>", "special": false, "normalized": false, "lstrip": true, "single_word": true}],
  "normalizer": {"type": "Sequence", "normalizers": [{"type": "Lowercase"}, {"type": "NFC"}]},
  "pre_tokenizer": {"type": "WhitespaceSplit"},
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
  "decoder": {"type": "Fuse"},
  "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true,
    "vocab": {"<unk>": 0, "<s>": 1, "a": 2, "b": 3, "ab": 4, "abab": 5},
    "merges": ["a b", ["ab", "ab"]]}})";

Json small() { return Json::parse(kSmall); }
TokenizerSpec read(const Json& document) { return read_tokenizer_json(document.dump(), "", "small.json"); }

TEST(TokenizerJson, RunsItsStages) {
  const Tokenizer tokenizer(read(small()));
  EXPECT_THAT(tokenizer.encode("ABAB ab"), ElementsAre(1, 5, 4));
  EXPECT_THAT(tokenizer.encode("azz b", {.add_special = false}), ElementsAre(2, 0, 3));
  EXPECT_THAT(tokenizer.encode("a  <x> b<x>", {.add_special = false}), ElementsAre(2, 6, 3, 0));  // b touches <x>
}

TEST(TokenizerJson, ConfigNamesSpecialTokens) {
  const auto spec = read_tokenizer_json(
      kSmall, R"({"eos_token": {"content": "<x>"}, "bos_token": "<s>", "pad_token": null})", "small.json");
  EXPECT_EQ(spec.special.bos, 1);
  EXPECT_EQ(spec.special.eos, 6);
  EXPECT_EQ(spec.special.unk, 0);
  EXPECT_EQ(spec.special.pad, kNoToken);
}

// What stands between two texts, and the type of the second.
TEST(TokenizerJson, PairsAreRead) {
  Json document = small();
  const auto processed = [&](const char* type) {
    document["post_processor"] = {{"type", type}, {"sep", {"<x>", 6}}, {"cls", {"<s>", 1}}};
    return read(document);
  };
  EXPECT_THAT(processed("BertProcessing").between_ids, ElementsAre(6));
  EXPECT_EQ(processed("BertProcessing").second_type, 1);
  EXPECT_THAT(processed("RobertaProcessing").between_ids, ElementsAre(6, 6));
  EXPECT_EQ(processed("RobertaProcessing").second_type, 0);
  TokenizerSpec spec = processed("BertProcessing");
  spec.tokenizer_json.clear();
  const auto written = read_tokenizer_json(to_tokenizer_json(spec), "", "written");
  EXPECT_THAT(written.between_ids, ElementsAre(6));
  EXPECT_EQ(written.second_type, 1);
}

TEST(TokenizerJson, ConfigFlagsDecideOnlyWithoutATemplate) {
  Json document = small();
  document["post_processor"] = nullptr;
  const char* config = R"({"bos_token": "<s>", "eos_token": "<x>", "add_bos_token": true, "add_eos_token": true})";
  EXPECT_THAT(read_tokenizer_json(document.dump(), config, "").suffix_ids, ElementsAre(6));
  EXPECT_THAT(read_tokenizer_json(kSmall, config, "").suffix_ids, testing::IsEmpty());
}

TEST(TokenizerJson, TheOriginalTextIsKept) {
  const auto spec = read_tokenizer_json(kSmall, "{}", "small.json");
  EXPECT_EQ(to_tokenizer_json(spec), kSmall);
  EXPECT_EQ(to_tokenizer_config_json(spec), "{}");
}

TEST(TokenizerJson, WrittenStepsReadBackAndTokenizeTheSame) {
  Json document = small();
  document["normalizer"]["normalizers"].push_back(
      {{"type", "Replace"}, {"pattern", {{"String", "c"}}}, {"content", "b"}});
  TokenizerSpec spec = read(document);
  const Tokenizer before(spec);
  spec.tokenizer_json.clear();
  spec.tokenizer_config_json.clear();
  const Tokenizer after(read_tokenizer_json(to_tokenizer_json(spec), to_tokenizer_config_json(spec), "written"));
  for (const char* text : {"ABAB ab", "acb <x> zz", "<s>ab", ""}) EXPECT_EQ(after.encode(text), before.encode(text));
  EXPECT_EQ(after.special().bos, before.special().bos);
}

TEST(TokenizerJson, UnigramAndWordPieceAreRead) {
  Json document = small();
  document["model"] = {{"type", "Unigram"}, {"unk_id", 0}, {"vocab", Json::array()}};
  for (const auto& [text, score] : std::vector<std::pair<std::string, double>>{
           {"<unk>", 0}, {"<s>", 0}, {"a", -2}, {"b", -2}, {"ab", -3}, {"abab", -7}}) {
    document["model"]["vocab"].push_back(Json::array({text, score}));
  }
  EXPECT_THAT(Tokenizer(read(document)).encode("abab", {.add_special = false}), ElementsAre(4, 4));
  document["model"] = {{"type", "WordPiece"},
                       {"unk_token", "<unk>"},
                       {"vocab", {{"<unk>", 0}, {"<s>", 1}, {"a", 2}, {"##b", 3}, {"ab", 4}}}};
  const Tokenizer wordpiece(read(document));
  EXPECT_THAT(wordpiece.encode("abb ac", {.add_special = false}), ElementsAre(4, 3, 0));
}

TEST(TokenizerJson, UnsupportedComponentsSayTheirName) {
  for (const char* stage : {"normalizer", "pre_tokenizer", "post_processor", "decoder"}) {
    Json document = small();
    document[stage] = {{"type", "NoSuchThing"}};
    try {
      read(document);
      FAIL() << stage;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported);
      EXPECT_THAT(error.what(), HasSubstr("NoSuchThing"));
      EXPECT_THAT(error.what(), HasSubstr("small.json"));
    }
  }
}

TEST(TokenizerJson, HostileFilesAreErrors) {
  const std::vector<std::pair<const char*, Json>> patches = {
      {"/model", nullptr},
      {"/model/vocab", 5},
      {"/model/vocab/a", "x"},
      {"/model/vocab/a", -1},
      {"/model/vocab/a", 4'000'000'000},
      {"/model/vocab/a", 1'000'000},
      {"/model/merges/0", "ab"},
      {"/model/merges/0", Json::array({"a"})},
      {"/model/merges/0", 7},
      {"/model/type", "NoSuchModel"},
      {"/model/continuing_subword_prefix", "##"},
      {"/added_tokens/0/id", -5},
      {"/added_tokens/0/id", 900'000'000},
      {"/added_tokens", 3},
      {"/normalizer/normalizers/0", Json{{"type", "Replace"}, {"pattern", {{"Regex", "("}}}, {"content", ""}}},
      {"/pre_tokenizer", Json{{"type", "Split"}, {"pattern", {{"Regex", "[a"}}}, {"behavior", "Isolated"}}},
      {"/pre_tokenizer", Json{{"type", "Split"}, {"pattern", {{"String", "a"}}}, {"behavior", "Sideways"}}},
      {"/post_processor/special_tokens/<s>/ids/0", 77},
      {"/post_processor/single/0/SpecialToken/id", "nobody"},
  };
  for (const auto& [pointer, value] : patches) {
    Json document = small();
    document[Json::json_pointer(pointer)] = value;
    EXPECT_THROW(Tokenizer{read(document)}, Error) << pointer << " " << value;
  }
  for (const char* text : {"", "[]", "null", "3", "{", "{\"model\": []}", "{\"model\": {\"vocab\": [[1]]}}"}) {
    EXPECT_THROW(Tokenizer{read_tokenizer_json(text, "", "x")}, Error) << text;
  }
  EXPECT_THROW(read_tokenizer_json(std::string(100'000, '['), "", "deep"), Error);
}

TEST(GgufWriter, PadsAndKeepsTypes) {
  TokenizerSpec spec = read(small());
  const std::string byte_level = R"({"type": "ByteLevel", "add_prefix_space": false})";
  Json document = small();
  document["normalizer"] = nullptr;
  document["pre_tokenizer"] = Json::parse(byte_level);
  const auto vocabulary = to_gguf_vocabulary(read(document), 9);
  EXPECT_EQ(vocabulary.model, "gpt2");
  EXPECT_EQ(vocabulary.pre, "trillion");  // GPT-2's pattern, spaces not tidied
  EXPECT_THAT(vocabulary.tokens, ElementsAre("<unk>", "<s>", "a", "b", "ab", "abab", "<x>", "[PAD7]", "[PAD8]"));
  EXPECT_THAT(vocabulary.token_types, ElementsAre(3, 3, 1, 1, 1, 1, 4, 5, 5));
  EXPECT_THAT(vocabulary.merges, ElementsAre("a b", "ab ab"));
  EXPECT_EQ(vocabulary.bos_id, 1u);
  EXPECT_EQ(vocabulary.add_bos, true);
  EXPECT_EQ(vocabulary.add_eos, false);
  EXPECT_THROW(to_gguf_vocabulary(read(document), 3), Error);
}

TEST(GgufWriter, RankedPiecesBecomeScores) {
  Json document = small();
  document["normalizer"] = Json::parse(R"({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
      {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]})");
  document["pre_tokenizer"] = nullptr;
  const auto vocabulary = to_gguf_vocabulary(read(document));
  EXPECT_EQ(vocabulary.model, "llama");
  EXPECT_EQ(vocabulary.add_space_prefix, true);
  EXPECT_GT(vocabulary.scores[4], vocabulary.scores[5]);
  const Tokenizer direct(read(document));
  const Tokenizer through(from_gguf_vocabulary(vocabulary));
  for (const char* text : {"abab", "ababab b", "abzb"}) EXPECT_EQ(through.encode(text), direct.encode(text)) << text;
}

TEST(GgufWriter, WhatGgufCannotSplitIsUnsupported) {
  EXPECT_THROW(to_gguf_vocabulary(read(small())), Error);  // splits by white space, not byte-level
}

}  // namespace
}  // namespace adze::text
