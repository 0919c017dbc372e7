#include "formats/hf/model_id.h"

#include <gtest/gtest.h>

#include "formats/hf/model_card.h"

namespace adze::formats {
namespace {

TEST(ModelId, TakesCustomaryNamesApart) {
  const auto id = parse_model_id("HuggingFaceTB/SmolLM2-135M-Instruct", 134'515'008);
  EXPECT_EQ(id.organization, "HuggingFaceTB");
  EXPECT_EQ(id.full_name, "SmolLM2-135M-Instruct");
  EXPECT_EQ(id.base_name, "SmolLM2");
  EXPECT_EQ(id.size_label, "135M");
  EXPECT_EQ(id.fine_tune, "Instruct");
  EXPECT_EQ(id.version, "");
}

TEST(ModelId, TellsSizesFromContextLengthsAndVersions) {
  const auto mistral = parse_model_id("mistralai/Mistral-7B-Instruct-v0.2", 7'241'732'096);
  EXPECT_EQ(mistral.base_name, "Mistral");
  EXPECT_EQ(mistral.size_label, "7B");
  EXPECT_EQ(mistral.version, "v0.2");
  const auto phi = parse_model_id("microsoft/Phi-3-mini-128k-instruct", 3'821'079'552);
  EXPECT_EQ(phi.base_name, "Phi-3");
  EXPECT_EQ(phi.version, "");
  EXPECT_EQ(phi.size_label, "mini");
  EXPECT_EQ(phi.fine_tune, "128k-instruct");
  EXPECT_EQ(parse_model_id("bigscience/bloom-7b1", 7'069'016'064).size_label, "7.1B");
  EXPECT_EQ(parse_model_id("mistralai/Mixtral-8x7B-v0.1", 46'702'792'704).size_label, "8x7B");
  EXPECT_EQ(parse_model_id("just a sentence", 0).base_name, "");
  EXPECT_EQ(parse_model_id("tinystories-656k", 656'000).size_label, "656K");
}

TEST(ModelId, TitlesKeepCapitalsAndVersions) {
  EXPECT_EQ(title_of("smol-lm2-v1.5-instruct"), "Smol Lm2 v1.5 Instruct");
  EXPECT_EQ(title_of("SmolLM2-135M"), "SmolLM2 135M");
  EXPECT_EQ(title_of("tinystories-656k"), "Tinystories 656k");
}

TEST(SizeLabel, HasTwoDigits) {
  EXPECT_EQ(size_label_of(134'515'008), "135M");
  EXPECT_EQ(size_label_of(1'235'814'400), "1.2B");
  EXPECT_EQ(size_label_of(656'000), "656K");
  EXPECT_EQ(size_label_of(70'553'706'496), "71B");
  EXPECT_EQ(size_label_of(5'000), "5.0K");
}

TEST(ModelCard, ReadsTextsAndLists) {
  const auto card = read_model_card(
      "---\nlicense: apache-2.0\nlanguage:\n- en\n- \"no\"\ntags: [a, 'b c']\nmodel-index:\n- name: x\n  results:\n"
      "  - task: y\nbase_model: org/Base-1B\n---\n# Title\nkey: not\n");
  EXPECT_EQ(card.at("license"), std::vector<std::string>{"apache-2.0"});
  EXPECT_EQ(card.at("language"), (std::vector<std::string>{"en", "no"}));
  EXPECT_EQ(card.at("tags"), (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(card.at("base_model"), std::vector<std::string>{"org/Base-1B"});
  EXPECT_TRUE(card.at("model-index").empty());
  EXPECT_FALSE(card.contains("key"));
  EXPECT_TRUE(read_model_card("# no card").empty());
  EXPECT_TRUE(read_model_card("---\nlicense: mit\n").empty());
}

}  // namespace
}  // namespace adze::formats
