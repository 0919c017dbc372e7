#include "runtime/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "codecs/codec.h"
#include "runtime/tiny_model_for_test.h"

namespace adze::runtime {
namespace {

using testing::ElementsAreArray;

const std::vector<int32_t> kText{3, 14, 15, 9, 26, 5, 35, 8, 9, 7, 9, 32, 38, 46, 26, 43, 38, 32, 7, 9};

std::shared_ptr<LoadedModel> load(StorageType storage,
                                  passes::ActivationPolicy policy = passes::ActivationPolicy::automatic) {
  return std::make_shared<LoadedModel>(tiny_model(storage), policy);
}

std::vector<float> copy(std::span<const float> values) { return {values.begin(), values.end()}; }

// Logits behind kText, fed in pieces of `piece` tokens.
std::vector<float> logits_in_pieces(StorageType storage, size_t piece, unsigned threads) {
  Session session(load(storage), {.threads = threads, .context_tokens = 128, .batch_tokens = 16});
  const auto sequence = session.add_sequence();
  std::vector<float> logits;
  for (size_t begin = 0; begin < kText.size(); begin += piece) {
    logits = copy(session.feed(sequence, std::span(kText).subspan(begin, std::min(piece, kText.size() - begin))));
  }
  return logits;
}

class EveryStorage : public testing::TestWithParam<const codecs::Codec*> {};

TEST_P(EveryStorage, LogitsDoNotDependOnChunksOrThreads) {
  const StorageType storage = &GetParam()->info;
  const auto whole = logits_in_pieces(storage, kText.size(), 1);
  EXPECT_THAT(logits_in_pieces(storage, 1, 1), ElementsAreArray(whole));
  EXPECT_THAT(logits_in_pieces(storage, 3, 2), ElementsAreArray(whole));
  EXPECT_THAT(logits_in_pieces(storage, 7, 3), ElementsAreArray(whole));
}

INSTANTIATE_TEST_SUITE_P(Codecs, EveryStorage,
                         testing::Values(&codecs::f32, &codecs::f16, &codecs::q4_0, &codecs::q8_0),
                         [](const auto& parameter) { return std::string(parameter.param->info.name); });

// Names of the nodes that one step of the plan runs together with `name`.
std::vector<std::string> together_with(const Plan& plan, std::string_view name) {
  for (const Step& step : plan.steps()) {
    std::vector<std::string> names;
    for (size_t i = step.begin; i < step.end; ++i) names.push_back(plan.nodes()[i].node->name);
    if (std::find(names.begin(), names.end(), name) != names.end()) return names;
  }
  return {};
}

TEST(Plan, RunsProductsOfTheSameInputAndLightNodesTogether) {
  Session session(load(&codecs::q4_0.info), {.threads = 2, .context_tokens = 64});
  EXPECT_THAT(together_with(session.plan(), "blk.0.attn_q"),
              testing::ElementsAre("blk.0.attn_q", "blk.0.attn_k", "blk.0.attn_v"));
  EXPECT_THAT(together_with(session.plan(), "blk.0.ffn_up"), testing::ElementsAre("blk.0.ffn_gate", "blk.0.ffn_up"));
  EXPECT_THAT(together_with(session.plan(), "blk.0.ffn_norm"),
              testing::ElementsAre("blk.0.attn_residual", "blk.0.ffn_norm"));
}

TEST(Session, SequencesInOneBatchDoNotTouchEachOther) {
  auto model = load(&codecs::f32.info);
  Session session(model, {.threads = 2, .context_tokens = 256, .batch_tokens = 64});
  const auto alone = session.add_sequence();
  const auto expected = copy(session.feed(alone, kText));
  const auto a = session.add_sequence();
  const auto b = session.add_sequence();
  const std::vector<int32_t> other{1, 2, 3};
  const SequenceWork work[] = {{b, other, LogitsWanted::last}, {a, kText, LogitsWanted::last}};
  const auto logits = session.run(work);
  ASSERT_EQ(logits.rows, 2);
  EXPECT_THAT(copy(logits.row(1)), ElementsAreArray(expected));
}

TEST(Session, AllLogitsEndWithTheLastOnes) {
  Session session(load(&codecs::f32.info), {.threads = 1, .context_tokens = 128});
  const auto a = session.add_sequence();
  const SequenceWork work{a, kText, LogitsWanted::all};
  const auto all = session.run({&work, 1});
  ASSERT_EQ(all.rows, static_cast<int64_t>(kText.size()));
  const auto last = copy(all.row(all.rows - 1));
  const auto b = session.add_sequence();
  EXPECT_THAT(copy(session.feed(b, kText)), ElementsAreArray(last));
}

TEST(Session, TruncatedHistoryIsForgotten) {
  Session session(load(&codecs::f32.info), {.threads = 1, .context_tokens = 128});
  const auto a = session.add_sequence();
  const auto expected = copy(session.feed(a, kText));
  session.feed(a, std::vector<int32_t>{1, 1, 1});
  session.truncate(a, static_cast<int64_t>(kText.size()) - 1);
  EXPECT_THAT(copy(session.feed(a, std::span(kText).last(1))), ElementsAreArray(expected));
}

std::vector<int32_t> some_tokens(size_t count) {
  std::vector<int32_t> tokens;
  for (size_t i = 0; i < count; ++i) tokens.push_back(static_cast<int32_t>(i * i * 7 % kTinyVocabulary));
  return tokens;
}

TEST(Session, ASequenceThatBeginsOnSharedPagesGoesOnAlike) {
  Session session(load(&codecs::q4_0.info), {.threads = 2, .context_tokens = 512});
  const auto tokens = some_tokens(150);
  const auto whole = session.add_sequence();
  const auto expected = copy(session.feed(whole, tokens));
  const auto shared = session.add_sequence(session.pages(whole).first(2));
  EXPECT_EQ(session.length(shared), 128);
  EXPECT_THAT(copy(session.feed(shared, std::span(tokens).subspan(128))), ElementsAreArray(expected));
  session.remove_sequence(whole);
  session.truncate(shared, 128);
  EXPECT_THAT(copy(session.feed(shared, std::span(tokens).subspan(128))), ElementsAreArray(expected));
  session.remove_sequence(shared);
  EXPECT_EQ(session.cache().free_pages(), session.cache().pages());
}

TEST(Session, APageThatOthersHoldIsNotWritten) {
  Session session(load(&codecs::f32.info), {.threads = 1, .context_tokens = 512});
  const auto whole = session.add_sequence();
  session.feed(whole, some_tokens(70));
  const auto shared = session.add_sequence(session.pages(whole).first(1));
  session.truncate(shared, 60);
  EXPECT_THROW(session.feed(shared, std::vector<int32_t>{1}), Error);
  session.truncate(whole, 60);
  EXPECT_THROW(session.feed(whole, std::vector<int32_t>{1}), Error);
  session.remove_sequence(shared);
  session.feed(whole, std::vector<int32_t>{1});
}

TEST(Session, PagesWithTheSameTokensAreExchanged) {
  Session session(load(&codecs::f32.info), {.threads = 1, .context_tokens = 512});
  const auto tokens = some_tokens(70);
  const auto a = session.add_sequence();
  const auto b = session.add_sequence();
  session.feed(a, tokens);
  const auto expected = copy(session.feed(b, tokens));
  session.exchange_page(b, 0, session.pages(a)[0]);
  EXPECT_EQ(session.pages(a)[0], session.pages(b)[0]);
  EXPECT_EQ(session.cache().free_pages(), session.cache().pages() - 3);
  session.truncate(b, 69);
  EXPECT_THAT(copy(session.feed(b, std::span(tokens).last(1))), ElementsAreArray(expected));
}

TEST(Session, AFullContextLeavesEverythingAsItWas) {
  Session session(load(&codecs::f32.info), {.threads = 1, .context_tokens = 64});
  const auto a = session.add_sequence();
  session.feed(a, kText);
  EXPECT_THROW(session.run(std::vector<SequenceWork>{{a, std::vector<int32_t>(64, 1)}}), Error);
  EXPECT_EQ(session.length(a), static_cast<int64_t>(kText.size()));
  session.feed(a, std::vector<int32_t>(44, 1));
  EXPECT_EQ(session.length(a), 64);
  session.remove_sequence(a);
  const auto b = session.add_sequence();
  session.feed(b, std::vector<int32_t>(64, 1));
}

TEST(Session, RefusesTokensOutsideTheVocabulary) {
  Session session(load(&codecs::f32.info), {.threads = 1, .context_tokens = 64});
  const auto a = session.add_sequence();
  EXPECT_THROW(session.feed(a, std::vector<int32_t>{-1}), Error);
  EXPECT_THROW(session.feed(a, std::vector<int32_t>{static_cast<int32_t>(kTinyVocabulary)}), Error);
  EXPECT_EQ(session.length(a), 0);
}

TEST(LoadedModel, RefusesAnUnknownArchitectureAndWrongWeights) {
  auto unknown = tiny_model(&codecs::f32.info);
  unknown.architecture = "nonesuch";
  EXPECT_THROW(LoadedModel(std::move(unknown), passes::ActivationPolicy::f32), Error);
  auto wrong = tiny_model(&codecs::f32.info);
  wrong.config.set("feed_forward_length", uint32_t{97});
  EXPECT_THROW(LoadedModel(std::move(wrong), passes::ActivationPolicy::f32), Error);
}

}  // namespace
}  // namespace adze::runtime
