// Every folder in tests/golden/adapters: an adapter of a tiny checkpoint, and the logits that PEFT or mlx-lm computed
// with it. Applied while running, merged, and taken to every other format and back.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "adapters/adapter_format.h"
#include "base/json.h"
#include "codecs/codec.h"
#include "formats/format.h"
#include "formats/safetensors/read_safetensors.h"
#include "formats/test_folder.h"
#include "graph/graph.h"
#include "logits_of_text.h"
#include "pipeline/merge_adapter.h"
#include "runtime/session.h"

namespace adze {
namespace {

using Bytes = std::vector<std::byte>;

const std::filesystem::path kFolder = "tests/golden/adapters";
const std::filesystem::path kCheckpoints = "tests/golden/architectures";

std::vector<std::string> golden_cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

class GoldenAdapter : public testing::TestWithParam<std::string> {
 protected:
  std::string folder() const { return (kFolder / GetParam()).string(); }
  std::string base() const { return (kCheckpoints / golden().at("base").get<std::string>()).string(); }
  Json golden() const { return read_json_file(folder() + "/golden.json"); }
  std::vector<int32_t> tokens() const { return golden().at("tokens").get<std::vector<int32_t>>(); }
  LogitRows expected() const { return golden().at("logits").get<LogitRows>(); }
};

std::shared_ptr<runtime::LoadedModel> loaded(const std::string& path, const std::vector<std::string>& adapters) {
  auto base = formats::read_model(path);
  std::vector<runtime::AppliedAdapter> applied;
  for (const auto& adapter : adapters) {
    applied.push_back({std::make_shared<model::Adapter>(adapters::read_adapter(adapter, base))});
  }
  return std::make_shared<runtime::LoadedModel>(std::move(base), passes::ActivationPolicy::f32,
                                                runtime::WeightMemory::packed, passes::default_pipeline(), applied);
}

constexpr double kTolerance = 2e-4;

TEST_P(GoldenAdapter, LogitsAreTheReferences) {
  expect_near(logits_of_text(loaded(base(), {folder()}), tokens(), 64), expected(), kTolerance);
}

// Of the same kinds of changes that a request of a server can choose.
TEST_P(GoldenAdapter, LogitsAreTheReferencesWhereASequenceChoosesIt) {
  auto model = formats::read_model(base());
  const auto adapter = std::make_shared<model::Adapter>(adapters::read_adapter(folder(), model));
  const auto is_chosen = [](const model::LowRankChange& change) {
    return !change.magnitude && change.a.shape.rank() == 2 && change.weight != model::kEmbeddingWeight &&
           change.weight != model::kPositionWeight;
  };
  const std::vector<runtime::AppliedAdapter> choice{{adapter, 1, true}};
  const auto load = [&] {
    return std::make_shared<runtime::LoadedModel>(std::move(model), passes::ActivationPolicy::f32,
                                                  runtime::WeightMemory::packed, passes::default_pipeline(), choice);
  };
  if (!adapter->replaced.empty() || !std::ranges::all_of(adapter->changes, is_chosen)) {
    EXPECT_THROW(load(), Error);
    return;
  }
  const auto chosen = load();
  const std::vector<ops::AdapterUse> wish{{0, 1}};
  expect_near(logits_of_text(chosen, tokens(), 64, wish), expected(), kTolerance);
  EXPECT_EQ(logits_of_text(chosen, tokens(), 64), logits_of_text(loaded(base(), {}), tokens(), 64));
  EXPECT_NO_THROW(graph::verify(chosen->graph()));
}

TEST_P(GoldenAdapter, LogitsDoNotDependOnHowATextIsCut) {
  const auto model = loaded(base(), {folder()});
  EXPECT_EQ(logits_of_text(model, tokens(), 1), logits_of_text(model, tokens(), 64));
}

TEST_P(GoldenAdapter, GraphWithTheAdapterIsValid) {
  const auto model = loaded(base(), {folder()});
  EXPECT_NO_THROW(graph::verify(model->graph()));
}

TEST_P(GoldenAdapter, MergedIsTheSameFunction) {
  const auto root = formats::test_folder();
  for (const std::string target : {"/merged.gguf", "/merged-hf"}) {
    const auto report = pipeline::merge_adapter(
        {.source = base(), .adapter = folder(), .target = root + target, .measure = false, .threads = 2});
    EXPECT_GT(report.changed, 0);
    expect_near(logits_of_text(loaded(root + target, {}), tokens(), 64), expected(), kTolerance);
  }
}

// ---- from format to format

// What a format cannot hold, by case and format, with a piece of the reason.
const std::map<std::pair<std::string, std::string>, std::string> kRefused = {
    {{"llama_lora", "gguf"}, "GGUF keeps one for all"},
    {{"llama_lora", "mlx"}, "one of each for all"},
    {{"llama_dora_biases", "gguf"}, "llama.cpp applies pairs only"},
    {{"llama_dora_biases", "mlx"}, "either whole weights or pairs"},
    {{"llama_embedding_and_whole_head", "gguf"}, "llama.cpp applies pairs only"},
    {{"llama_embedding_and_whole_head", "mlx"}, "either whole weights or pairs"},
    {{"gemma2_scaled_embedding", "gguf"}, "embedding and head are one weight"},
    {{"gemma2_scaled_embedding", "mlx"}, "embedding and head are one weight"},
    {{"gptneox_fused", "gguf"}, "llama.cpp applies pairs only"},
    {{"gptneox_fused", "mlx"}, "either whole weights or pairs"},
    {{"gptneox_dora", "gguf"}, "no DoRA"},
    {{"gpt2_transposed_dora", "gguf"}, "no DoRA"},
    {{"mlx_llama_shared_embedding", "gguf"}, "embedding and head are one weight"},
    {{"mlx_llama_dora", "gguf"}, "no DoRA"},
    {{"mlx_llama_full", "gguf"}, "consists of pairs"},
    {{"mlx_llama_full", "peft"}, "without any low-rank change"},
};

// The tensors of a folder but for copies of the base's weights, which PEFT saves with changed embeddings.
std::map<std::string, std::pair<Shape, Bytes>> stored_tensors(const std::string& folder) {
  std::map<std::string, std::pair<Shape, Bytes>> tensors;
  for (const char* name : {"/adapter_model.safetensors", "/adapters.safetensors"}) {
    if (!std::filesystem::exists(folder + name)) continue;
    for (const auto& tensor : formats::read_safetensors(folder + name).tensors) {
      if (tensor.name.ends_with(".base_layer.weight")) continue;
      Bytes scratch;
      const auto bytes = tensor.source->rows(0, tensor.shape.row_count(), scratch);
      tensors.emplace(tensor.name, std::pair{tensor.shape, Bytes(bytes.begin(), bytes.end())});
    }
  }
  return tensors;
}

void convert(const std::string& source, const std::string& target, const std::string& format, const std::string& base) {
  pipeline::convert_adapter({.source = source, .target = target, .base = base, .format = format});
}

TEST_P(GoldenAdapter, ToEveryFormatAndBackLosesNothing) {
  const auto root = formats::test_folder();
  const auto base_model = formats::read_model(base());
  const std::string own(adapters::adapter_format_of(folder()).name);
  for (const auto& format : adapters::all_adapter_formats()) {
    const std::string name(format.name);
    const std::string there = root + "/" + name + (name == "gguf" ? ".gguf" : "");
    if (const auto refused = kRefused.find({GetParam(), name}); refused != kRefused.end()) {
      try {
        convert(folder(), there, name, base());
        ADD_FAILURE() << name << " should refuse: " << refused->second;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::unsupported);
        EXPECT_NE(std::string(error.what()).find(refused->second), std::string::npos) << error.what();
      }
      EXPECT_FALSE(std::filesystem::exists(there));
      continue;
    }
    convert(folder(), there, name, base());
    expect_near(logits_of_text(loaded(base(), {there}), tokens(), 64), expected(), kTolerance);
    convert(there, root + "/back-from-" + name, own, base());
    EXPECT_EQ(stored_tensors(root + "/back-from-" + name), stored_tensors(folder())) << name;
    expect_near(logits_of_text(loaded(base(), {root + "/back-from-" + name}), tokens(), 64), expected(), kTolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenAdapter, testing::ValuesIn(golden_cases()),
                         [](const auto& parameter) { return parameter.param; });

// ---- what golden data does not say

const std::string kBase = (kCheckpoints / "llama_plain").string();
const std::string kAdapter = (kFolder / "llama_rslora_one_layer").string();
const std::vector<int32_t> kTokens = {1, 17, 3, 44, 9, 60, 2, 31};

LogitRows logits_at_strength(const std::vector<double>& strengths) {
  auto base = formats::read_model(kBase);
  const auto adapter = std::make_shared<model::Adapter>(adapters::read_adapter(kAdapter, base));
  std::vector<runtime::AppliedAdapter> applied;
  for (const double strength : strengths) applied.push_back({adapter, strength});
  const auto model =
      std::make_shared<runtime::LoadedModel>(std::move(base), passes::ActivationPolicy::f32,
                                             runtime::WeightMemory::packed, passes::default_pipeline(), applied);
  return logits_of_text(model, kTokens, 64);
}

TEST(AppliedAdapters, AddUp) { expect_near(logits_at_strength({0.75, 0.25}), logits_at_strength({1}), kTolerance); }

TEST(AppliedAdapters, CountAsStronglyAsAskedFor) {
  expect_near(logits_at_strength({0}), logits_of_text(loaded(kBase, {}), kTokens, 64), kTolerance);
  EXPECT_NE(logits_at_strength({0.5}), logits_at_strength({1}));
}

TEST(AppliedAdapters, WorkBesideQuantizedWeights) {
  const auto merged = formats::test_folder() + "/q8.gguf";
  const auto report = pipeline::merge_adapter(
      {.source = kBase, .adapter = kAdapter, .target = merged, .type = "q8_0", .measure = false, .threads = 2});
  int64_t quantized = 0;
  for (const auto& tensor : formats::read_model(merged).tensors) quantized += tensor.storage == &codecs::q8_0.info;
  EXPECT_EQ(quantized, 4);
  EXPECT_EQ(report.changed, quantized);
  // A second adapter runs beside what is now stored in 8 bits.
  EXPECT_NE(logits_of_text(loaded(merged, {kAdapter}), kTokens, 64), logits_of_text(loaded(merged, {}), kTokens, 64));
}

TEST(AppliedAdapters, TwoWholeTensorsForOnePlaceAreRefused) {
  const std::string base = (kCheckpoints / "llama_untied_wide_heads").string();
  const std::string adapter = (kFolder / "llama_embedding_and_whole_head").string();
  EXPECT_THROW(loaded(base, {adapter, adapter}), Error);
}

}  // namespace
}  // namespace adze
