// A kept reference against the whole one: never above, and the rest within what is stated.
#include "evaluate/reference_logits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "codecs/codec.h"
#include "evaluate/divergence_summary.h"
#include "evaluate/kept_logits.h"
#include "evaluate/reference_file.h"
#include "runtime/tiny_model_for_test.h"

namespace adze::evaluate {
namespace {

constexpr int64_t kContext = 64;

std::unique_ptr<runtime::Session> session_of(const codecs::Codec& codec) {
  auto model = std::make_shared<runtime::LoadedModel>(runtime::tiny_model(&codec.info), passes::ActivationPolicy::f32);
  return std::make_unique<runtime::Session>(
      std::move(model),
      runtime::SessionOptions{.threads = 2, .context_tokens = kContext, .batch_tokens = 32, .logit_rows = 32});
}

std::vector<int32_t> some_tokens() {
  std::vector<int32_t> tokens(6 * kContext + 5);
  for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<int32_t>((i * i * 7 + 3 * i) % 50);
  return tokens;
}

class KeptReference : public testing::Test {
 protected:
  const TextOptions text_ = {.context = kContext};
  const std::vector<int32_t> tokens_ = some_tokens();
  std::unique_ptr<runtime::Session> original_ = session_of(codecs::f32);
  std::unique_ptr<runtime::Session> rounded_ = session_of(codecs::q4_0);

  ReferenceLogits record(const RecordOptions& options) {
    return record_reference(*original_, tokens_, text_, no_progress(), options);
  }
};

TEST_F(KeptReference, IsExactWhereEverythingIsKept) {
  const auto exact = measure_divergence(*rounded_, *original_, tokens_, text_, no_progress());
  const auto kept = measure_divergence(*rounded_, record({.most_kept = 50, .enough_mass = 2}), no_progress());
  EXPECT_EQ(kept.left_out, 0);
  EXPECT_NEAR(kept.mean_divergence(), exact.mean_divergence(), 1e-4 * exact.mean_divergence());
  EXPECT_EQ(kept.same_top, exact.same_top);
  EXPECT_EQ(kept.candidate.perplexity(), exact.candidate.perplexity());
  EXPECT_NEAR(kept.perplexity_ratio(), exact.perplexity_ratio(), 1e-5);
}

TEST_F(KeptReference, AllLogitsGiveTheSameAnyNumberOfTimes) {
  const auto exact = measure_divergence(*rounded_, *original_, tokens_, text_, no_progress());
  const KeptLogits kept(*original_, tokens_, text_, no_progress());
  for (int run = 0; run < 2; ++run) {
    const auto found = kept.compare(*rounded_, no_progress());
    EXPECT_EQ(found.divergences, exact.divergences);
    EXPECT_EQ(found.reference.perplexity(), exact.reference.perplexity());
    EXPECT_EQ(found.same_top, exact.same_top);
    EXPECT_EQ(found.chunks, exact.chunks);
  }
}

TEST_F(KeptReference, StatesWhatItLeavesOut) {
  const auto exact = measure_divergence(*rounded_, *original_, tokens_, text_, no_progress());
  for (const int64_t most_kept : {2, 5, 20}) {
    const auto kept = measure_divergence(*rounded_, record({.most_kept = most_kept, .enough_mass = 2}), no_progress());
    const double lower = kept.mean_divergence() - kept.left_out;
    EXPECT_LE(lower, exact.mean_divergence() + 1e-7) << most_kept;
    EXPECT_GT(kept.left_out, 0);
    EXPECT_GT(kept.left_out_error, 0);
    const double missed = exact.mean_divergence() - lower;
    EXPECT_NEAR(kept.left_out, missed, 4 * kept.left_out_error) << most_kept;
    EXPECT_LT(kept.left_out_error, 0.2 * missed) << "the estimate tells nothing";
  }
}

TEST_F(KeptReference, AModelDoesNotDivergeFromItself) {
  const auto kept = measure_divergence(*original_, record({.most_kept = 5}), no_progress());
  EXPECT_NEAR(kept.mean_divergence(), 0, 1e-6);
  EXPECT_EQ(kept.top_agreement(), 1);
  EXPECT_NEAR(kept.perplexity_ratio(), 1, 1e-6);
}

TEST_F(KeptReference, SurvivesAFile) {
  auto reference = record({.most_kept = 5});
  reference.origin = {"tiny \"model\"", "text.txt", "00ff"};
  const std::string path = testing::TempDir() + "adze_reference_test";
  write_reference(reference, path);
  EXPECT_TRUE(is_reference_file(path));
  const auto again = read_reference(path);
  EXPECT_EQ(again.origin.model, reference.origin.model);
  EXPECT_EQ(again.tokens, reference.tokens);
  EXPECT_EQ(again.options.max_chunks, 6);
  EXPECT_EQ(measure_divergence(*rounded_, again, no_progress()).divergences,
            measure_divergence(*rounded_, reference, no_progress()).divergences);
  std::filesystem::remove(path);
}

TEST_F(KeptReference, EveryTruncationIsAnError) {
  const std::string path = testing::TempDir() + "adze_reference_truncated";
  write_reference(record({.most_kept = 2}), path);
  const std::string bytes = read_text_file(path);
  std::filesystem::remove(path);
  for (size_t size = 0; size < bytes.size(); size += size < 200 ? 1 : 97) {
    EXPECT_THROW(parse_reference(std::as_bytes(std::span(bytes.data(), size)), "cut"), Error) << size;
  }
  const std::string longer = bytes + "x";
  EXPECT_THROW(parse_reference(std::as_bytes(std::span(longer)), "long"), Error);
}

TEST_F(KeptReference, HostileFieldsAreErrors) {
  const std::string path = testing::TempDir() + "adze_reference_hostile";
  write_reference(record({.most_kept = 2}), path);
  const std::string bytes = read_text_file(path);
  std::filesystem::remove(path);
  // Offsets of docs/formats/reference_logits.md: magic, version, vocabulary, context, chunks, first token, origin.
  for (const size_t offset : {0u, 8u, 12u, 16u, 20u, 24u, 28u}) {
    std::string changed = bytes;
    for (size_t i = 0; i < 4; ++i) changed[offset + i] = '\x7f';
    EXPECT_THROW(parse_reference(std::as_bytes(std::span(changed)), "changed"), Error) << offset;
  }
}

TEST_F(KeptReference, RefusesAnotherVocabulary) {
  auto reference = record({.most_kept = 2});
  reference.vocabulary = 51;
  EXPECT_THROW(measure_divergence(*rounded_, reference, no_progress()), Error);
}

TEST(DivergenceSummary, SurvivesJson) {
  DivergenceResult result;
  for (int i = 0; i < 100; ++i) add_position(result, {2.0 + 0.01 * i, 2.0, 0.001 * i, i % 4 != 0});
  finish(result);
  const auto summary = summary_of(result);
  EXPECT_NEAR(summary.mean.value, 0.0495, 1e-12);
  EXPECT_NEAR(summary.perplexity_ratio.value, std::exp(0.495), 1e-9);
  EXPECT_GT(summary.perplexity_ratio.error, 0);
  EXPECT_NEAR(summary.top_agreement.value, 0.75, 1e-12);
  EXPECT_EQ(std::accumulate(summary.histogram.begin(), summary.histogram.end(), int64_t{0}), 100);
  const Json json = to_json(summary);
  EXPECT_EQ(to_json(summary_from_json(json, "test")), json);
  Json missing = json;
  missing.erase("kl_99");
  EXPECT_THROW(summary_from_json(missing, "test"), Error);
}

}  // namespace
}  // namespace adze::evaluate
