// Every folder in tests/golden/architectures: a tiny checkpoint whose logits another program computed.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "base/json.h"
#include "codecs/codec.h"
#include "formats/format.h"
#include "formats/safetensors/read_safetensors.h"
#include "formats/test_folder.h"
#include "logits_of_text.h"
#include "pipeline/convert.h"
#include "runtime/session.h"

namespace adze {
namespace {

const std::filesystem::path kFolder = "tests/golden/architectures";

std::vector<std::string> golden_cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

class GoldenArchitecture : public testing::TestWithParam<std::string> {
 protected:
  std::string folder() const { return (kFolder / GetParam()).string(); }
  Json golden() const { return read_json_file(folder() + "/golden.json"); }
  std::vector<int32_t> tokens() const { return golden().at("tokens").get<std::vector<int32_t>>(); }
};

LogitRows logits_of(const std::string& path, const std::vector<int32_t>& tokens, size_t together) {
  auto model = std::make_shared<runtime::LoadedModel>(formats::read_model(path), passes::ActivationPolicy::f32);
  return logits_of_text(std::move(model), tokens, together);
}

TEST_P(GoldenArchitecture, LogitsAreTheReferences) {
  expect_near(logits_of(folder(), tokens(), 64), golden().at("logits").get<LogitRows>(), 1e-4);
}

TEST_P(GoldenArchitecture, LogitsDoNotDependOnHowATextIsCut) {
  const auto whole = logits_of(folder(), tokens(), 64);
  EXPECT_EQ(logits_of(folder(), tokens(), 1), whole);
  EXPECT_EQ(logits_of(folder(), tokens(), 7), whole);
}

std::map<std::string, std::pair<Shape, std::vector<std::byte>>> stored_tensors(const std::string& folder) {
  std::map<std::string, std::pair<Shape, std::vector<std::byte>>> tensors;
  for (const auto& tensor : formats::read_safetensors_folder(folder)) {
    std::vector<std::byte> scratch;
    const auto bytes = tensor.source->rows(0, tensor.shape.row_count(), scratch);
    tensors.emplace(tensor.name, std::pair{tensor.shape, std::vector<std::byte>(bytes.begin(), bytes.end())});
  }
  return tensors;
}

// Settings of config.json that say something about the computation; a file made anew has all of the original's.
void expect_settings(const Json& found, const Json& original) {
  for (const auto& [key, value] : original.items()) {
    if (value.is_null() || key == "rope_scaling" || key == "tie_word_embeddings" || !found.contains(key)) continue;
    EXPECT_EQ(nlohmann::json(found[key]), nlohmann::json(value)) << key;  // whatever the order of keys
  }
}

TEST_P(GoldenArchitecture, ToGgufAndBackLosesNothing) {
  const auto root = formats::test_folder();
  const auto convert = [](const std::string& source, const std::string& target, std::string_view format) {
    const auto report = pipeline::convert(
        {.source = source, .target = target, .format = std::string(format), .require_exact = true}, no_progress());
    EXPECT_LE(report.fidelity(), pipeline::Fidelity::exact) << target;
  };
  convert(folder(), root + "/m.gguf", "gguf");
  EXPECT_EQ(logits_of(root + "/m.gguf", tokens(), 64), logits_of(folder(), tokens(), 64));
  convert(root + "/m.gguf", root + "/back", formats::format_of(folder()).name);
  EXPECT_EQ(stored_tensors(root + "/back"), stored_tensors(folder()));
  EXPECT_EQ(logits_of(root + "/back", tokens(), 64), logits_of(folder(), tokens(), 64));
  expect_settings(read_json_file(root + "/back/config.json"), read_json_file(folder() + "/config.json"));
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenArchitecture, testing::ValuesIn(golden_cases()),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace adze
