#include "report/card_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/html_text.h"
#include "report/junit.h"

namespace adze::report {
namespace {

using testing::HasSubstr;
using testing::Not;

Json tensor(const std::string& name, const std::string& to, Json ratio) {
  return {
      {"name", name},       {"shape", {64, 128}},     {"from", "f32"},         {"to", to},
      {"bytes", 4608},      {"bits_per_weight", 4.5}, {"fidelity", "rounded"}, {"signal_to_noise_db", std::move(ratio)},
      {"reason", "the mix"}};
}

Json card() {
  return {{"adze_card", 1},
          {"model", {{"name", "<b>A & B</b>"}, {"architecture", "llama"}, {"weights", 135'000'000}}},
          {"output",
           {{"path", "small.gguf"},
            {"bytes", 105'000'000},
            {"tensor_bytes", 104'000'000},
            {"bits_per_weight", 6.17},
            {"files", {{{"path", "small.gguf"}, {"bytes", 105'000'000}, {"sha256", std::string(64, 'a')}}}}}},
          {"source", {{"path", "big.gguf"}, {"tensor_bytes", 538'000'000}, {"files", Json::array()}}},
          {"recipe", {{"type", "Q4_K_M"}, {"quantizer", "nearest"}}},
          {"behaviour", nullptr},
          {"behaviour_missing", "measuring was predicted to take 3 min"},
          {"tensors",
           {tensor("blk.0.attn_q.weight", "q4_k", 20.5), tensor("blk.1.attn_q.weight", "q6_k", nullptr),
            tensor("token_embd.weight", "q8_0", 46.0), tensor("blk.99999999999999999999.x", "q4_k", 20)}}};
}

Json measured() {
  Json json = card();
  json["behaviour"] = {{"text", {{"name", "wiki <1>.txt"}, {"context", 512}, {"built_in", true}}},
                       {"mean_kl", 0.0516},
                       {"mean_kl_error", 0.002},
                       {"kl_99", 0.33},
                       {"kl_histogram_edges", {0.001, 0.01, 0.1, 1.0}},
                       {"kl_histogram", {0, 3, 90, 7, 0}},
                       {"worst_tensors", {{{"name", "blk.0.attn_q.weight"}, {"product_signal_to_noise_db", 12.5}}}},
                       {"top_agreement", 0.8696},
                       {"tokens_per_second", 61.5}};
  return json;
}

TEST(CardPage, ShowsFiguresAndCharts) {
  const std::string page = card_page(measured());
  for (const char* text : {"105 MB", "6.17", "5.2×", "0.0516", "87.0 %", "Q4_K_M by nearest", "20.5 dB", "<svg",
                           "wiki &lt;1&gt;.txt", "comes with adze", "0.05160 ± 0.00200 nats", "12.5 dB"}) {
    EXPECT_THAT(page, HasSubstr(text));
  }
  EXPECT_THAT(page, Not(HasSubstr("nan")));
  EXPECT_THAT(page, Not(HasSubstr("inf%")));
}

TEST(CardPage, NeedsNothingElse) {
  const std::string page = card_page(measured());
  for (const char* text : {"http:", "https:", "<script", "src=", "@import", "url("}) {
    EXPECT_THAT(page, Not(HasSubstr(text)));
  }
}

TEST(CardPage, EscapesWhatFilesSay) {
  const std::string page = card_page(card());
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;A &amp; B&lt;/b&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<b>A")));
  EXPECT_EQ(markup_escaped("a\"'<&>\x01\xff"), "a&quot;&#39;&lt;&amp;&gt;\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(CardPage, SaysWhyBehaviourIsMissing) {
  EXPECT_THAT(card_page(card()), HasSubstr("Not measured: measuring was predicted to take 3 min"));
}

TEST(CardPage, SurvivesEveryMissingOrWrongMember) {
  const Json whole = measured();
  EXPECT_THAT(card_page(Json::object()), HasSubstr("</html>"));
  for (const auto& [key, value] : whole.items()) {
    for (const Json& other : {Json(nullptr), Json(7), Json("text"), Json::array({1, "x", nullptr}), Json::object()}) {
      Json changed = whole;
      changed[key] = other;
      EXPECT_THAT(card_page(changed), HasSubstr("</html>")) << key;
    }
  }
  for (const auto& [key, value] : whole["behaviour"].items()) {
    for (const Json& other : {Json(nullptr), Json(-1), Json("text"), Json::array({0, "x", nullptr})}) {
      Json changed = whole;
      changed["behaviour"][key] = other;
      EXPECT_THAT(card_page(changed), HasSubstr("</html>")) << key;
    }
  }
}

TEST(JunitXml, CountsFailures) {
  const std::string xml = junit_xml("a<b", {{"kl", true, "kl is 0.01"}, {"size", false, "size is \"big\""}}, 1.5);
  EXPECT_THAT(xml, HasSubstr("name=\"a&lt;b\" tests=\"2\" failures=\"1\" errors=\"0\" time=\"1.500\""));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"size is &quot;big&quot;\"/>"));
  EXPECT_THAT(xml, HasSubstr("<system-out>kl is 0.01</system-out>"));
}

}  // namespace
}  // namespace adze::report
