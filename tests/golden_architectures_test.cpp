// Every folder in tests/golden/architectures: a tiny checkpoint whose logits another program computed.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/json.h"
#include "codecs/codec.h"
#include "formats/format.h"
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

class GoldenArchitecture : public testing::TestWithParam<std::string> {};

TEST_P(GoldenArchitecture, LogitsAreTheReferences) {
  const auto folder = (kFolder / GetParam()).string();
  const Json golden = read_json_file(folder + "/golden.json");
  const auto tokens = golden.at("tokens").get<std::vector<int32_t>>();
  const auto expected = golden.at("logits").get<std::vector<std::vector<float>>>();
  auto model = std::make_shared<runtime::LoadedModel>(formats::read_model(folder), passes::ActivationPolicy::f32);
  runtime::Session session(model, {.threads = 2, .context_tokens = 64, .kv_storage = &codecs::f32.info});
  const runtime::SequenceWork work{session.add_sequence(), tokens, runtime::LogitsWanted::all};
  const auto logits = session.run({&work, 1});
  ASSERT_EQ(logits.rows, static_cast<int64_t>(expected.size()));
  for (size_t row = 0; row < expected.size(); ++row) {
    const auto found = logits.row(static_cast<int64_t>(row));
    ASSERT_EQ(found.size(), expected[row].size());
    for (size_t i = 0; i < found.size(); ++i) {
      ASSERT_NEAR(found[i], expected[row][i], 1e-4 * (1 + std::fabs(expected[row][i])))
          << "position " << row << ", token " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenArchitecture, testing::ValuesIn(golden_cases()),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace adze
