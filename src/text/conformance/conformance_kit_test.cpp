#include "text/conformance/conformance_kit.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace adze::text {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

KitLine line(const char* sample, std::vector<int32_t> ids) {
  const std::string text = sample;
  return {SampleKind::text, text, {}, {std::move(ids), text, text.size(), {}}, {}};
}

KitLine rendered(const char* name, const std::string& text) {
  const auto sample = fmt::format(R"({{"name":"{}","messages":[],"add_generation_prompt":true}})", name);
  return {SampleKind::conversation, sample, {}, {{}, text, text.size(), {}}, {}};
}

std::string error_of(const std::string& text) {
  try {
    read_conformance_kit(text, "kit");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string error_of_text(const std::string& entry) { return error_of(R"({"version": 1, "texts": [)" + entry + "]}"); }

/// What is lost where the outcome `expected` became that of `got`.
std::vector<std::string> losses(const KitLine& expected, const KitLine& got) {
  return conformance_losses(with_originals({got}, {expected}));
}

TEST(ConformanceKit, ComesBackFromItsText) {
  ConformanceKit kit = {line("a", {1, 2}), line("b", {-3}), rendered("one", "<user>"), rendered("one", "<rag>"),
                        rendered("two", "x")};
  kit[0].original = SampleOutcome{{7}, "A", 1, {}};
  kit[1].outcome = {{4}, "it began", 2000, "00ff"};
  kit[3].chat_template = "rag";
  kit[3].original = SampleOutcome{{}, "<Rag>", 5, {}};
  const auto read = read_conformance_kit(to_text(kit), "kit");
  EXPECT_EQ(to_text(read), to_text(kit));
  ASSERT_EQ(read.size(), kit.size());
  for (size_t i = 0; i < kit.size(); ++i) {
    EXPECT_EQ(read[i].sample, kit[i].sample);
    EXPECT_EQ(read[i].chat_template, kit[i].chat_template);
    EXPECT_EQ(read[i].outcome, kit[i].outcome);
    EXPECT_EQ(read[i].original, kit[i].original);
  }
}

TEST(ConformanceKit, IsReadableByOtherPrograms) {
  EXPECT_EQ(to_text({line("a", {1, 2}), rendered("one", "<user>")}),
            R"({"version":1,"texts":[{"text":"a","ids":[1,2]}],"conversations":[{"name":"one","messages":[],)"
            R"("add_generation_prompt":true,"rendered":{"":"<user>"}}]})");
}

TEST(ConformanceKit, IdsAreShownAroundTheFirstThatDiffers) {
  std::vector<int32_t> ids(40, 5);
  auto others = ids;
  others[30] = 6;
  others.pop_back();
  EXPECT_THAT(
      losses(line("a", ids), line("a", others)),
      ElementsAre(AllOf(HasSubstr("1 of 1 sample texts differ, the first \"a\": expected 40 ids [… 5 5 5 5 5 5 "),
                        HasSubstr("got 39 ids [… 5 5 5 5 6 5"))));
}

TEST(ConformanceKit, TextsAreShownAroundTheFirstPlaceThatDiffers) {
  const std::string start(40, 'x');
  EXPECT_THAT(losses(rendered("with a tool", start + "\nabc"), rendered("with a tool", start + "\nabd")),
              ElementsAre(HasSubstr("the first \"with a tool\": expected …\"xxxxxxxxxxxxxxxxxxxxx\\nabc\", got …\"")));
}

TEST(ConformanceKit, ATextThatGoesOnOtherwiseDiffers) {
  auto expected = rendered("long", "start"), got = rendered("long", "start");
  expected.outcome.sha256 = "aa";
  got.outcome.sha256 = "bb";
  EXPECT_THAT(losses(expected, got), ElementsAre(HasSubstr("they differ behind 5 bytes")));
}

TEST(ConformanceKit, VocabulariesOfTwoFormatsAreNotCompared) {
  const KitLine one{SampleKind::vocabulary, "merges", {}, {{}, {}, 7, "aa"}, {}};
  const KitLine other{SampleKind::vocabulary, "merges", {}, {{}, {}, 8, "bb"}, {}};
  EXPECT_THAT(losses(one, other), IsEmpty());
  EXPECT_EQ(read_conformance_kit(to_text({one}), "kit").at(0).outcome, one.outcome);
}

TEST(ConformanceKit, TheOldestOriginalIsKept) {
  const ConformanceKit first = {line("a", {1})};
  const auto second = with_originals({line("a", {2})}, first);
  const auto third = with_originals({line("a", {3})}, second);
  EXPECT_EQ(third[0].original, first[0].outcome);
  EXPECT_EQ(with_originals({line("a", {1})}, third)[0].original, std::nullopt);
  EXPECT_THAT(conformance_losses(third), ElementsAre(HasSubstr("expected 1 ids [1], got 1 ids [3]")));
}

TEST(ConformanceKit, ATemplateWhereThereWasNoneIsAFault) {
  EXPECT_THAT(conformance_faults({}, nullptr, {{"rag", "{{ messages[0].content }}"}}),
              ElementsAre(HasSubstr("chat template \"rag\": there was none before")));
}

TEST(ConformanceKit, ItsOwnConversationsAreRenderedAgain) {
  const auto kit = read_conformance_kit(
      R"({"version": 1, "conversations": [{"name": "short", "messages": [{"role": "user", "content": "hi"}],
        "add_generation_prompt": true, "rendered": {"": "hi"}}]})",
      "kit");
  EXPECT_THAT(conformance_faults(kit, nullptr, {{"", "{{ messages[0].content }}"}}), IsEmpty());
  EXPECT_THAT(conformance_faults(kit, nullptr, {{"", "{{ messages[0].content }}!"}}),
              ElementsAre(HasSubstr("chat template: 1 of 1 sample conversations differ, the first \"short\": expected "
                                    "\"hi\", got \"hi!\"")));
}

TEST(ConformanceKit, MalformedTextIsAnError) {
  EXPECT_THAT(error_of("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(error_of("{}"), HasSubstr("version 0"));
  EXPECT_THAT(error_of(R"({"version": 2})"), HasSubstr("version 2"));
  EXPECT_THAT(error_of(R"({"version": 1, "texts": 3})"), HasSubstr("no list"));
  EXPECT_THAT(error_of(R"({"version": 1, "special_tokens": 3})"), HasSubstr("no object"));
  EXPECT_THAT(error_of(R"({"version": 1, "conversations": [{"messages": 3}]})"), HasSubstr("no list"));
  EXPECT_THAT(error_of_text("3"), HasSubstr("no object"));
  EXPECT_THAT(error_of_text(R"({"ids": "a"})"), HasSubstr("wrong type"));
  EXPECT_THAT(error_of_text(R"({"decoded": 3})"), HasSubstr("a text is a number"));
  EXPECT_THAT(error_of_text(R"({"decoded": {"start": "a"}})"), HasSubstr("without \"sha256\""));
  EXPECT_THAT(error_of_text(fmt::format(R"({{"text": "{}"}})", std::string(5000, 'a'))), HasSubstr("5000 bytes"));
  EXPECT_THAT(error_of(std::string(2 << 20, ' ')), HasSubstr("more than"));
}

}  // namespace
}  // namespace adze::text
