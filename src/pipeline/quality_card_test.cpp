// Cards: what is in them, that the options in them make the same file again, and what verifying finds.
#include "pipeline/quality_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "codecs/codec.h"
#include "evaluate/reference_file.h"
#include "formats/gguf/write_gguf.h"
#include "formats/test_folder.h"
#include "pipeline/make_model.h"
#include "pipeline/model_figures.h"
#include "pipeline/quantize_with_card.h"
#include "pipeline/request_json.h"
#include "pipeline/verify.h"

namespace adze::pipeline {
namespace {

using formats::test_folder;
using testing::HasSubstr;

class Card : public testing::Test {
 protected:
  const std::string folder_ = test_folder();
  const std::string source_ = folder_ + "/source.gguf";
  const std::string target_ = folder_ + "/small.gguf";

  void SetUp() override { make_model({.shape = "tiny", .target = source_, .type = "F16", .threads = 2}); }

  QuantizeRequest request() const { return {.source = source_, .target = target_, .type = "Q4_K_M", .threads = 2}; }

  Json quantize_and_read(const CardRequest& wanted = {}) {
    quantize_with_card(request(), wanted);
    return read_card(card_paths(target_).json);
  }
};

const VerifiedItem& item_named(const VerifyReport& report, const std::string& what) {
  for (const auto& item : report.items) {
    if (item.what == what) return item;
  }
  throw std::runtime_error("no item " + what);
}

TEST_F(Card, HoldsSizesErrorsAndSums) {
  const Json card = quantize_and_read({.content = CardContent::streaming});
  EXPECT_EQ(card["output"]["files"][0]["sha256"], sha256_of(read_text_file(target_)));
  EXPECT_EQ(card["output"]["bytes"], std::filesystem::file_size(target_));
  ASSERT_EQ(card["source"]["files"].size(), 1u);
  EXPECT_EQ(card["source"]["files"][0]["sha256"], sha256_of(read_text_file(source_)));
  EXPECT_EQ(card["source"]["files"][0]["path"], source_);
  EXPECT_EQ(card["tool"]["sha256"].get<std::string>().size(), 64u);
  EXPECT_TRUE(card["statistics"].is_null());
  EXPECT_TRUE(card["behaviour"].is_null());
  EXPECT_EQ(card["behaviour_missing"], "not asked for");
  EXPECT_THAT(card["reproducible"]["note"], HasSubstr("every processor"));
  EXPECT_GT(card["signal_to_noise_db"].get<double>(), 10);
  EXPECT_GT(card["tensors"].size(), 10u);
  EXPECT_THAT(read_text_file(card_paths(target_).html), HasSubstr("Q4_K_M by nearest"));
}

TEST_F(Card, MeasuresBehaviour) {
  const Json card = quantize_and_read({.content = CardContent::full});
  const Json& behaviour = card["behaviour"];
  EXPECT_GT(behaviour["mean_kl"].get<double>(), 0);
  EXPECT_GE(behaviour["largest_kl"].get<double>(), behaviour["kl_99"].get<double>());
  EXPECT_GT(behaviour["tokens_per_second"].get<double>(), 0);
  EXPECT_GT(behaviour["memory_bytes"].get<int64_t>(), card["output"]["tensor_bytes"].get<int64_t>() / 2);
  EXPECT_TRUE(behaviour["text"]["built_in"].get<bool>());
  EXPECT_GT(behaviour["worst_tensors"].size(), 3u);
  const auto& worst = behaviour["worst_tensors"];
  EXPECT_LE(worst[0]["product_signal_to_noise_db"], worst[1]["product_signal_to_noise_db"]);
}

TEST_F(Card, AModelThatCannotRunStillGetsOne) {
  model::Model bare;
  std::vector<float> values(64 * 256, 0.5f);
  values[3] = 0.1f;
  std::vector<std::byte> bytes(values.size() * 4);
  std::memcpy(bytes.data(), values.data(), bytes.size());
  bare.tensors.add(model::owned_tensor("blk.0.attn_q.weight", {64, 256}, &codecs::f32.info, bytes));
  formats::write_gguf(bare, source_);
  QuantizeRequest wanted = request();
  wanted.type = "Q8_0";
  quantize_with_card(wanted, {});
  const Json card = read_card(card_paths(target_).json);
  EXPECT_TRUE(card["behaviour"].is_null());
  EXPECT_THAT(card["behaviour_missing"], HasSubstr("tokenizer"));
  EXPECT_THROW(quantize_with_card(wanted, {.content = CardContent::full}), Error);
}

TEST_F(Card, VerifiesWhatItDescribes) {
  quantize_and_read({.content = CardContent::streaming});
  const auto report = verify({.output = target_});
  EXPECT_TRUE(report.is_same());
  EXPECT_TRUE(report.was_made_again);
  EXPECT_EQ(item_named(report, "made again: small.gguf").verdict, Verdict::same);
  EXPECT_EQ(item_named(report, "source source.gguf").verdict, Verdict::same);
  EXPECT_FALSE(std::filesystem::exists(target_ + ".tmp"));
}

TEST_F(Card, VerifyingFindsAChangedByteAndItsTensor) {
  quantize_and_read({.content = CardContent::streaming});
  std::string bytes = read_text_file(target_);
  bytes[bytes.size() - 1000] ^= 1;
  write_text_file(target_, bytes);
  const auto report = verify({.output = target_});
  EXPECT_FALSE(report.is_same());
  EXPECT_EQ(item_named(report, "output small.gguf").verdict, Verdict::different);
  const auto& again = item_named(report, "made again: small.gguf");
  EXPECT_EQ(again.verdict, Verdict::same) << "the card is right, the file is not";
  EXPECT_THAT(again.note, HasSubstr("the file differs first at byte"));
  EXPECT_THAT(again.note, HasSubstr("tensor '"));
}

TEST_F(Card, VerifyingFindsAnotherSource) {
  quantize_and_read({.content = CardContent::streaming});
  const std::string other = folder_ + "/other.gguf";
  make_model({.shape = "tiny", .target = other, .type = "F16", .seed = 2, .threads = 2});
  const auto report = verify({.output = target_, .source = other});
  EXPECT_FALSE(report.is_same());
  EXPECT_EQ(item_named(report, "output small.gguf").verdict, Verdict::same);
  EXPECT_EQ(item_named(report, "made again: small.gguf").verdict, Verdict::different);
}

TEST_F(Card, VerifyingWithoutTheSourceSaysSo) {
  quantize_and_read({.content = CardContent::streaming});
  std::filesystem::remove(source_);
  const auto report = verify({.output = target_});
  EXPECT_TRUE(report.is_same());
  EXPECT_FALSE(report.was_made_again);
  EXPECT_EQ(item_named(report, "source source.gguf").verdict, Verdict::not_checked);
  EXPECT_THROW(verify({.output = target_, .source = source_}), Error);
  std::filesystem::remove(card_paths(target_).json);
  EXPECT_THROW(verify({.output = target_}), Error);
}

TEST_F(Card, HostileCardsAreErrors) {
  const std::string path = card_paths(target_).json;
  for (const char* text : {"", "[]", "{}", R"({"adze_card": 2})", R"({"adze_card": 1})", R"({"adze_card": "1"})",
                           R"({"adze_card": 1, "output": {"files": [3]}})",
                           R"({"adze_card": 1, "output": {"files": 3}})", R"({"adze_card": 1, "output": 3})"}) {
    write_text_file(path, text);
    EXPECT_THROW(verify({.output = target_}), Error) << text;
  }
}

TEST(RequestJson, HoldsEverythingTheBytesDependOn) {
  QuantizeRequest request{.type = "Q4_K_M", .settings = {"damping=0.02"}, .allow_requantize = true};
  request.quantizer = "gptq";
  request.overrides.patterns.push_back({"ffn_down", &codecs::q6_k});
  request.overrides.output = &codecs::q8_0;
  request.overrides.pure = true;
  request.without_importance = true;
  const Json json = to_json(request);
  const auto again = request_from_json(json, "test");
  EXPECT_EQ(to_json(again), json);
  EXPECT_EQ(again.overrides.patterns.at(0).codec, &codecs::q6_k);
  EXPECT_THAT(again.settings, testing::Contains("damping=0.02"));
  EXPECT_GT(again.settings.size(), 1u) << "the other parameters too, whatever their initial values become";
  request.transforms = {"rotate", "awq"};
  request.settings.push_back("rotate.seed=7");
  const auto transformed = request_from_json(to_json(request), "test");
  EXPECT_EQ(transformed.transforms, request.transforms);
  EXPECT_THAT(transformed.settings, testing::IsSupersetOf({"rotate.seed=7", "rotate.kind=hadamard", "awq.rows=64"}));
  request.transforms = {};
  request.recipe = quantize::Recipe{"note", "hqq", {{"*", &codecs::q4_0.info}}};
  request.quantizer = "";
  request.settings = {};
  const auto with_recipe = request_from_json(to_json(request), "test");
  EXPECT_EQ(with_recipe.recipe->lines.at(0).storage, &codecs::q4_0.info);
  EXPECT_EQ(with_recipe.quantizer, "hqq");
  EXPECT_THROW(request_from_json(Json::array(), "test"), Error);
  Json unknown = json;
  unknown["output_type"] = "q99";
  EXPECT_THROW(request_from_json(unknown, "test"), Error);
}

TEST_F(Card, FiguresAgreeWithAKeptReference) {
  quantize_and_read({.content = CardContent::streaming});
  const auto reference = reference_of(source_, {}, 2);
  evaluate::write_reference(reference, folder_ + "/kept.ref");
  const auto kept = reference_of(folder_ + "/kept.ref", {}, 2);
  const auto a = measure_model(target_, {.reference = &reference, .cost = false, .threads = 2});
  const auto b = measure_model(target_, {.reference = &kept, .cost = false, .threads = 2});
  EXPECT_EQ(a.quality->mean.value, b.quality->mean.value);
  EXPECT_GT(a.quality->mean.value, 0);
  EXPECT_EQ(a.file_bytes, static_cast<int64_t>(std::filesystem::file_size(target_)));
  EXPECT_FALSE(a.cost);
}

}  // namespace
}  // namespace adze::pipeline
