// Calibrating a model of random weights: what is gathered, and that nothing but the numbers of the text decides it.
#include "calibrate/calibrate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "calibrate/gram.h"
#include "formats/format.h"
#include "formats/imatrix/read_imatrix.h"
#include "pipeline/make_model.h"

namespace adze::calibrate {
namespace {

constexpr int64_t kContext = 32;

std::vector<int32_t> some_tokens(size_t count) {
  std::vector<int32_t> tokens(count);
  for (size_t i = 0; i < count; ++i) tokens[i] = static_cast<int32_t>((i * i * 31 + 7 * i) % 1000);
  return tokens;
}

class StopAfter final : public Progress {
 public:
  explicit StopAfter(uint64_t chunks) : chunks_(chunks) {}
  void update(std::string_view, uint64_t done, uint64_t) override { done_ = done; }
  bool cancelled() const override { return done_ >= chunks_; }

 private:
  uint64_t chunks_;
  uint64_t done_ = 0;
};

class Calibrates : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::filesystem::temp_directory_path() / ("adze_calibrate_test_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    pipeline::make_model({.shape = "tiny", .target = path("model.gguf"), .type = "F16", .threads = 1});
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder_); }

  static std::string path(const std::string& name) { return (folder_ / name).string(); }

  static CalibrationReport gather(CalibrationRequest request, Progress& progress = no_progress()) {
    const auto model =
        std::make_shared<runtime::LoadedModel>(formats::read_model(path("model.gguf")), passes::ActivationPolicy::f32,
                                               runtime::WeightMemory::mapped, observable_passes());
    request.target = path(request.target);
    request.context = kContext;
    request.dataset = "text";
    if (request.threads == 0) request.threads = 1;
    return calibrate(model, some_tokens(4 * kContext), request, progress);
  }

  static std::string bytes(const std::string& name) { return read_text_file(path(name)); }

  static inline std::filesystem::path folder_;
};

TEST_F(Calibrates, EveryWeightOfEveryBlockOnce) {
  const auto report = gather({.target = "plain.gguf"});
  EXPECT_EQ(report.weights, 14);
  EXPECT_EQ(report.inputs, 8);
  EXPECT_EQ(report.chunks, 4);
  const auto statistics = formats::read_imatrix(path("plain.gguf"));
  const auto* queries = statistics.find("blk.0.attn_q.weight");
  ASSERT_TRUE(queries);
  EXPECT_EQ(queries->columns, 256);
  EXPECT_EQ(queries->counts, std::vector<int64_t>{4 * kContext});
  EXPECT_EQ(queries->square_sums, statistics.find("blk.0.attn_v.weight")->square_sums);
  EXPECT_FALSE(statistics.find("token_embd.weight"));
  // Behind a norm whose factors are 1, the mean square is 1, but for the epsilon of small inputs.
  const auto means = mean_squares(*queries);
  EXPECT_NEAR(std::accumulate(means.begin(), means.end(), 0.0) / 256, 1, 1e-2);
  for (size_t i = 0; i < 256; ++i) {
    EXPECT_LE(queries->minima[i], queries->sums[i] / (4 * kContext));
    EXPECT_GE(queries->maxima[i], queries->sums[i] / (4 * kContext));
  }
  ASSERT_EQ(queries->quantiles.size(), model::kQuantileShares.size());
  EXPECT_TRUE(std::is_sorted(queries->quantiles.begin(), queries->quantiles.end()));
  EXPECT_NEAR(queries->quantiles[0], 0.6745, 0.1);  // of a normal distribution
}

TEST_F(Calibrates, OutputWeightOnRequest) {
  gather({.target = "output.gguf", .output_weight = true});
  EXPECT_TRUE(formats::read_imatrix(path("output.gguf")).find("token_embd.weight"));
}

TEST_F(Calibrates, EveryExpertByTheRowsThatChoseIt) {
  constexpr int64_t kExperts = 4, kUsed = 2, kTokens = 3 * kContext;
  const auto model = std::make_shared<runtime::LoadedModel>(formats::read_model("tests/golden/architectures/mixtral"),
                                                            passes::ActivationPolicy::f32,
                                                            runtime::WeightMemory::mapped, observable_passes());
  std::vector<int32_t> tokens(kTokens);
  for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<int32_t>(i * i % 31);
  const CalibrationRequest request{
      .target = path("experts.gguf"), .dataset = "text", .context = kContext, .hessians = true, .threads = 2};
  calibrate(model, tokens, request);
  const auto statistics = formats::read_imatrix(path("experts.gguf"));
  const auto* router = statistics.find("blk.0.ffn_gate_inp.weight");
  const auto* gate = statistics.find("blk.0.ffn_gate_exps.weight");
  const auto* down = statistics.find("blk.0.ffn_down_exps.weight");
  ASSERT_TRUE(router && gate && down && gate->hessian);
  EXPECT_EQ(router->counts, std::vector<int64_t>{kTokens});
  ASSERT_EQ(gate->matrices(), kExperts);
  EXPECT_EQ(std::accumulate(gate->counts.begin(), gate->counts.end(), int64_t{0}), kUsed * kTokens);
  EXPECT_EQ(down->counts, gate->counts);
  EXPECT_EQ(statistics.find("blk.0.ffn_up_exps.weight")->square_sums, gate->square_sums);
  for (int64_t i = 0; i < gate->columns; ++i) {  // experts read what the router reads, each row twice in all
    float sum = 0;
    for (int64_t e = 0; e < kExperts; ++e) sum += gate->square_sums[static_cast<size_t>(e * gate->columns + i)];
    EXPECT_NEAR(sum, kUsed * router->square_sums[static_cast<size_t>(i)], 1e-4f * sum);
  }
  for (const float least : down->minima) EXPECT_TRUE(std::isfinite(least));
}

TEST_F(Calibrates, HessiansWithinTheLimitAndWithTheSameBytes) {
  const auto report = gather({.target = "once.gguf", .hessians = true});
  EXPECT_EQ(report.runs, 1);
  const auto statistics = formats::read_imatrix(path("once.gguf"));
  const auto* down = statistics.find("blk.1.ffn_down.weight");
  ASSERT_TRUE(down && down->hessian);
  const auto triangle = model::decode_all(*down->hessian);
  for (int64_t i = 0; i < down->columns; ++i) {
    const float sum = down->square_sums[static_cast<size_t>(i)];
    EXPECT_NEAR(triangle[static_cast<size_t>(model::triangle_size(i + 1) - 1)], sum, 1e-4f * sum);
  }
  EXPECT_EQ(statistics.find("blk.0.ffn_gate.weight")->hessian, statistics.find("blk.0.ffn_up.weight")->hessian);

  int64_t runs = 0;
  for (int64_t megabytes = 1; megabytes < 64 && runs == 0; ++megabytes) {
    try {
      runs = gather({.target = "often.gguf", .hessians = true, .memory_bytes = megabytes << 20, .threads = 3}).runs;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::out_of_memory);
    }
  }
  EXPECT_GT(runs, 1);
  EXPECT_EQ(bytes("often.gguf"), bytes("once.gguf"));
}

TEST_F(Calibrates, GoesOnWhereItWasStopped) {
  gather({.target = "whole.gguf", .hessians = true});
  StopAfter stop(3);
  CalibrationRequest request{.target = "parts.gguf", .hessians = true};
  try {
    gather(request, stop);
    FAIL() << "was not stopped";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::cancelled);
  }
  EXPECT_FALSE(std::filesystem::exists(path("parts.gguf")));
  request.resume = true;
  EXPECT_EQ(gather(request).resumed_chunks, 3);
  EXPECT_EQ(bytes("parts.gguf"), bytes("whole.gguf"));
  EXPECT_FALSE(std::filesystem::exists(path("parts.gguf.part1")));

  request.output_weight = true;  // other options: nothing to go on with
  EXPECT_EQ(gather(request).resumed_chunks, 0);
}

TEST_F(Calibrates, RefusesTextsThatAreTooShort) {
  const auto model =
      std::make_shared<runtime::LoadedModel>(formats::read_model(path("model.gguf")), passes::ActivationPolicy::f32,
                                             runtime::WeightMemory::mapped, observable_passes());
  EXPECT_THROW(calibrate(model, some_tokens(31), {.target = path("never.gguf"), .context = 32, .threads = 1}), Error);
  EXPECT_FALSE(std::filesystem::exists(path("never.gguf")));
}

TEST(Gram, SumsOfAnySize) {
  for (const int64_t columns : {1, 7, 16, 40, 49, 131}) {
    const int64_t rows = 5, stride = columns + 3;
    std::vector<float> x(static_cast<size_t>(rows * stride));
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>((i * 37 % 19)) - 9.0f;
    std::vector<float> alone(static_cast<size_t>(model::triangle_size(columns)), 1.0f), shared = alone;
    add_gram({x.data(), rows, columns, stride}, alone.data(), Team(0, 1, nullptr));
    for (unsigned thread = 0; thread < 3; ++thread) {
      add_gram({x.data(), rows, columns, stride}, shared.data(), Team(thread, 3, nullptr));
    }
    EXPECT_EQ(alone, shared);
    size_t at = 0;
    for (int64_t i = 0; i < columns; ++i) {
      for (int64_t j = 0; j <= i; ++j, ++at) {
        float sum = 1;
        for (int64_t row = 0; row < rows; ++row) {
          sum += x[static_cast<size_t>(row * stride + i)] * x[static_cast<size_t>(row * stride + j)];
        }
        ASSERT_EQ(alone[at], sum) << columns << " columns, " << i << ", " << j;  // small integers: exact
      }
    }
  }
}

}  // namespace
}  // namespace adze::calibrate
