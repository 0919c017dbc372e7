// What is written carries a kit that finds a changed tokenizer or chat template, and what a format cannot hold.
#include "pipeline/conformance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "codecs/codec.h"
#include "formats/gguf/read_gguf.h"
#include "formats/gguf/write_gguf.h"
#include "formats/test_folder.h"
#include "pipeline/convert.h"
#include "pipeline/quantize.h"
#include "text/conformance/conformance_kit.h"
#include "text/tokenizers/byte_alphabet.h"
#include "text/tokenizers/gguf_vocabulary.h"

namespace adze::pipeline {
namespace {

using formats::test_folder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kMerges = "tokenizer.ggml.merges";
constexpr const char* kTemplate = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";

class Warnings {
 public:
  Warnings() {
    set_log_sink([this](LogLevel, std::string_view message) { all.emplace_back(message); });
  }
  ~Warnings() { set_log_sink({}); }
  Warnings(const Warnings&) = delete;
  Warnings& operator=(const Warnings&) = delete;

  std::vector<std::string> all;
};

std::shared_ptr<const text::TokenizerSpec> byte_level_tokenizer() {
  text::GgufVocabulary v;
  v.source = "test";
  v.model = "gpt2";
  v.pre = "gpt-2";
  for (int byte = 0; byte < 256; ++byte) {
    v.tokens.emplace_back();
    text::append_byte_alphabet(std::string(1, static_cast<char>(byte)), v.tokens.back());
  }
  v.tokens.insert(v.tokens.end(), {"he", "ll", "hell", "hello", "el", "lo", "12", "123", "<end>"});
  v.merges = {"h e", "l l", "he ll", "hell o", "e l", "l o", "1 2", "12 3"};
  v.token_types.assign(v.tokens.size(), 1);
  v.token_types.back() = 3;
  v.eos_id = static_cast<uint32_t>(v.tokens.size() - 1);
  return std::make_shared<const text::TokenizerSpec>(text::from_gguf_vocabulary(v));
}

model::Model small_model() {
  model::Model model;
  model.source = "test";
  model.architecture = "llama";
  model.config.set("block_count", 1u);
  model.tokenizer = byte_level_tokenizer();
  model.chat_templates.emplace_back("", kTemplate);
  const auto rows = static_cast<int64_t>(model.tokenizer->tokens.size());
  const Shape shape{rows, 32};
  std::vector<float> values(static_cast<size_t>(shape.element_count()), 0.25f);
  const auto bytes = std::as_bytes(std::span(values));
  model.tensors.add(model::owned_tensor("token_embd.weight", shape, &codecs::f32.info, {bytes.begin(), bytes.end()}));
  return model;
}

/// A file that Adze wrote.
std::string written_model(const std::string& folder) {
  formats::write_gguf(small_model(), folder + "/plain.gguf");
  convert({.source = folder + "/plain.gguf", .target = folder + "/model.gguf", .dtype = "f16"});
  return folder + "/model.gguf";
}

/// The same file after somebody else changed it and left the kit alone.
std::string broken_model(const std::string& folder, const std::function<void(model::Model&)>& change) {
  auto model = formats::read_gguf(written_model(folder), {});
  change(model);
  formats::write_gguf(model, folder + "/broken.gguf");
  return folder + "/broken.gguf";
}

void swap_merges(model::Model& model) {
  auto merges = std::get<std::vector<std::string>>(*model.stored_tokenizer.find(kMerges));
  std::swap(merges[0], merges[4]);  // "h e" and "e l"
  model.stored_tokenizer.set(kMerges, merges);
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Conformance, AFileThatIsLeftAloneConforms) {
  const Warnings warnings;
  const auto folder = test_folder();
  const auto model = formats::read_model(written_model(folder));
  EXPECT_FALSE(model.conformance_kit.empty());
  EXPECT_LT(model.conformance_kit.size(), 20'000u);
  EXPECT_THAT(model.conformance_faults, IsEmpty());
  EXPECT_THAT(warnings.all, IsEmpty());
}

TEST(Conformance, AChangedMergeIsToldWithExpectedAndFoundIds) {
  const auto path = broken_model(test_folder(), swap_merges);
  const Warnings warnings;
  EXPECT_EQ(formats::read_model(path).conformance_faults.size(), 2u);
  EXPECT_THAT(warnings.all,
              ElementsAre(AllOf(HasSubstr(path),
                                HasSubstr("2 of 41 sample texts differ, the first \"Hello, world!\": expected 12 "
                                          "ids [72 101 257 111 44 32 119 111 114 108 100 33], got 11 ids [72 "
                                          "260 261 44 32 119 111 114 108 100 33]")),
                          HasSubstr("vocabulary: 1 of 2 lists differ, the first merges: "),
                          HasSubstr("adze convert --allow-mismatch")));
}

TEST(Conformance, AMissingMergeIsTold) {
  const auto path = broken_model(test_folder(), [](model::Model& model) {
    auto merges = std::get<std::vector<std::string>>(*model.stored_tokenizer.find(kMerges));
    merges.erase(std::ranges::find(merges, "hell o"));
    model.stored_tokenizer.set(kMerges, merges);
  });
  EXPECT_THAT(
      formats::read_model(path).conformance_faults,
      testing::Contains(HasSubstr("vocabulary: 1 of 2 lists differ, the first merges: expected 8 with the sum ")));
}

TEST(Conformance, ARenamedControlTokenIsTold) {
  const auto path = broken_model(test_folder(), [](model::Model& model) {
    auto tokens = std::get<std::vector<std::string>>(*model.stored_tokenizer.find("tokenizer.ggml.tokens"));
    tokens.back() = "<End>";
    model.stored_tokenizer.set("tokenizer.ggml.tokens", tokens);
  });
  EXPECT_THAT(formats::read_model(path).conformance_faults,
              ElementsAre(HasSubstr("the first \"<end> \": expected 2 ids [264 32], got 6 ids [60"),
                          HasSubstr("the first eos: expected 264 \"<end>\", got 264 \"<End>\""),
                          HasSubstr("the first tokens: expected 265 with the sum ")));
}

TEST(Conformance, AnotherEndOfGenerationIsTold) {
  const auto path = broken_model(
      test_folder(), [](model::Model& model) { model.stored_tokenizer.set("tokenizer.ggml.eos_token_id", 0u); });
  EXPECT_THAT(formats::read_model(path).conformance_faults,
              ElementsAre(HasSubstr("special tokens: 2 of 9 special tokens differ, the first eos: expected 264")));
}

TEST(Conformance, AnotherPreTokenizerIsTold) {
  const auto path = broken_model(test_folder(), [](model::Model& model) {
    model.stored_tokenizer.set("tokenizer.ggml.pre", std::string("qwen2"));
  });
  EXPECT_THAT(formats::read_model(path).conformance_faults, ElementsAre(HasSubstr("\"3.14159 1,000,000")));
}

TEST(Conformance, AChangedTemplateIsToldWithBothTexts) {
  const auto path = broken_model(test_folder(), [](model::Model& model) {
    model.chat_templates[0].second = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}";
  });
  EXPECT_THAT(formats::read_model(path).conformance_faults,
              ElementsAre(AllOf(HasSubstr("chat template: 10 of 10 sample conversations differ"),
                                HasSubstr("expected \"<user>What is 1 + 1?\", got \"[user]What is 1 + 1?\""))));
}

TEST(Conformance, AMissingTemplateIsTold) {
  const auto path = broken_model(test_folder(), [](model::Model& model) { model.chat_templates.clear(); });
  EXPECT_THAT(formats::read_model(path).conformance_faults,
              ElementsAre(HasSubstr("chat template: expected one, there is none")));
}

TEST(Conformance, AKitThatCannotBeReadIsTold) {
  const auto path = broken_model(test_folder(), [](model::Model& model) { model.conformance_kit = "{\"version\": 1"; });
  EXPECT_THAT(formats::read_model(path).conformance_faults, ElementsAre(HasSubstr("the conformance kit")));
}

TEST(Conformance, NothingIsWrittenFromABrokenSourceUnlessThatIsAllowed) {
  const auto folder = test_folder();
  const auto path = broken_model(folder, swap_merges);
  const std::string target = folder + "/out.gguf";
  EXPECT_THAT(error_of([&] { convert({.source = path, .target = target}); }), HasSubstr("--allow-mismatch"));
  EXPECT_THAT(error_of([&] { quantize({.source = path, .target = target, .type = "Q8_0"}); }),
              HasSubstr("--allow-mismatch"));
  EXPECT_FALSE(std::filesystem::exists(target));
  convert({.source = path, .target = target, .allow_mismatch = true});
  EXPECT_THAT(formats::read_model(target).conformance_faults, IsEmpty());
  quantize({.source = path, .target = target, .type = "Q8_0", .allow_mismatch = true});
  EXPECT_THAT(formats::read_model(target).conformance_faults, IsEmpty());
}

TEST(Conformance, WhatAFormatCannotHoldIsToldOnceAndRemembered) {
  const auto folder = test_folder();
  auto model = small_model();
  auto spec = std::make_shared<text::TokenizerSpec>(*model.tokenizer);
  spec->normalizer.push_back({.kind = text::NormalizerStep::Kind::nfc, .pattern = {}, .content = {}});
  model.tokenizer = spec;
  const auto& gguf = formats::format_named("gguf");
  {
    const Warnings warnings;
    attach_conformance_kit(model, gguf);
    EXPECT_THAT(warnings.all, testing::Contains(AllOf(HasSubstr("gguf cannot hold all of it: tokenizer: "),
                                                      HasSubstr("marks that combine"))));
  }
  formats::write_gguf(model, folder + "/model.gguf");
  const Warnings warnings;
  verify_conformance(model, folder + "/model.gguf");
  convert({.source = folder + "/model.gguf", .target = folder + "/again.gguf", .dtype = "f16"});
  const auto again = formats::read_model(folder + "/again.gguf");
  EXPECT_THAT(again.conformance_faults, IsEmpty());
  EXPECT_THAT(warnings.all, IsEmpty());
  EXPECT_THAT(text::conformance_losses(text::read_conformance_kit(again.conformance_kit, "kit")),
              testing::Contains(HasSubstr("marks that combine")));
}

TEST(Conformance, TheSameRequestGivesTheSameBytes) {
  const auto folder = test_folder();
  const auto source = written_model(folder);
  for (const char* name : {"/a.gguf", "/b.gguf"}) {
    quantize({.source = source, .target = folder + name, .type = "Q8_0"});
  }
  EXPECT_EQ(read_text_file(folder + "/a.gguf"), read_text_file(folder + "/b.gguf"));
}

}  // namespace
}  // namespace adze::pipeline
