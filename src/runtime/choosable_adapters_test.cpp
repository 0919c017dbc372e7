#include "runtime/choosable_adapters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "base/error.h"
#include "codecs/codec.h"
#include "runtime/engine/answers_for_test.h"

namespace adze::runtime {
namespace {

using ops::AdapterUse;
using testing::ElementsAre;
using testing::HasSubstr;

// A change of every matrix but the embedding (the head that shares it: yes).
std::shared_ptr<model::Adapter> random_adapter(uint32_t seed, int64_t rank, bool changes_all) {
  const auto base = tiny_model(&codecs::f32.info);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.15f);
  const auto matrix = [&](int64_t rows, int64_t columns) {
    std::vector<float> values(static_cast<size_t>(rows * columns));
    for (float& value : values) value = normal(random);
    const auto* bytes = reinterpret_cast<const std::byte*>(values.data());
    return model::owned_tensor("", {rows, columns}, &codecs::f32.info, {bytes, bytes + values.size() * sizeof(float)});
  };
  auto adapter = std::make_shared<model::Adapter>();
  adapter->source = "random";
  adapter->architecture = base.architecture;
  for (const auto& tensor : base.tensors) {
    if (tensor.shape.rank() != 2 || (!changes_all && tensor.name.find("attn_q") == std::string::npos)) continue;
    const std::string name(tensor.name == model::kEmbeddingWeight ? model::kOutputWeight : tensor.name);
    adapter->changes.push_back({name, matrix(rank, tensor.shape[1]), matrix(tensor.shape[0], rank), 0.7});
  }
  check_adapter(*adapter, base);
  return adapter;
}

std::shared_ptr<LoadedModel> load(StorageType storage, std::span<const AppliedAdapter> adapters) {
  auto model = tiny_model(storage);
  model.tokenizer = tiny_tokenizer();
  return std::make_shared<LoadedModel>(std::move(model), passes::ActivationPolicy::automatic, WeightMemory::packed,
                                       passes::default_pipeline(), adapters);
}

const std::vector<AppliedAdapter>& choices() {
  static const std::vector<AppliedAdapter> list{{random_adapter(1, 4, true), 1, true},
                                                {random_adapter(2, 19, false), 1, true},
                                                {random_adapter(3, 8, true), 1, true}};
  return list;
}

const std::vector<int32_t> kText{3, 14, 15, 9, 26, 5, 35, 8, 9, 7, 9, 3, 23};

std::vector<float> logits_of(const std::shared_ptr<LoadedModel>& model, std::span<const AdapterUse> adapters,
                             size_t together = 64) {
  Session session(model, {.threads = 2, .context_tokens = 128, .batch_tokens = 64});
  const auto sequence = session.add_sequence({}, adapters);
  std::vector<float> all;
  for (size_t first = 0; first < kText.size(); first += together) {
    const auto part = std::span(kText).subspan(first, std::min(together, kText.size() - first));
    const SequenceWork work{sequence, part, LogitsWanted::all};
    const auto logits = session.run({&work, 1});
    all.insert(all.end(), logits.values, logits.values + logits.rows * logits.vocabulary);
  }
  return all;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max<double>(largest, std::fabs(a[i] - b[i]));
  return largest;
}

TEST(ChoosableAdapters, WhoChoosesNoneGetsTheModelItself) {
  for (const StorageType storage : {&codecs::f32.info, &codecs::q4_0.info}) {
    EXPECT_EQ(logits_of(load(storage, choices()), {}), logits_of(load(storage, {}), {}));
  }
}

TEST(ChoosableAdapters, WhatIsChosenIsWhatIsAppliedToTheWholeModel) {
  const auto model = load(&codecs::f32.info, choices());
  EXPECT_EQ(model->choosable_adapters(), 3);
  const std::vector<std::vector<AdapterUse>> wishes{{{0, 1}}, {{1, 2}}, {{2, -0.5}}, {{1, 1}, {0, 0.5}, {2, 0.25}}};
  for (const auto& wish : wishes) {
    std::vector<AppliedAdapter> applied;
    for (const auto& [adapter, strength] : wish) {
      applied.push_back({choices()[static_cast<size_t>(adapter)].adapter, strength});
    }
    const auto expected = logits_of(load(&codecs::f32.info, applied), {});
    EXPECT_LT(largest_difference(logits_of(model, wish), expected), 1e-4);
    EXPECT_GT(largest_difference(logits_of(model, {}), expected), 2e-3);
  }
}

TEST(ChoosableAdapters, LogitsDoNotDependOnHowATextIsCut) {
  const AdapterUse wish[] = {{0, 1}, {1, 0.5}};
  const auto model = load(&codecs::q4_0.info, choices());
  EXPECT_EQ(logits_of(model, wish, 1), logits_of(model, wish));
  EXPECT_EQ(logits_of(model, wish, 5), logits_of(model, wish));
}

EngineRequest random_wish(std::mt19937& random) {
  auto request = random_request(random, 150);
  request.options.stop.clear();
  for (int64_t adapter = 0; adapter < 3; ++adapter) {
    if (random() % 3 == 0) request.adapters.push_back({adapter, random() % 2 == 0 ? 1.0f : 0.5f});
  }
  return request;
}

// Requests with the same beginning and different adapters, in one engine with few pages.
TEST(ChoosableAdapters, EveryAnswerIsTheOneThatItsRequestGetsAlone) {
  const auto model = load(&codecs::q4_0.info, choices());
  for (const int64_t pages : {10, 200}) {
    auto options = engine_with(pages);
    options.speculation = {.max_draft_tokens = 3, .min_match_tokens = 1, .draft_model = load_tiny_drafter()};
    options.speculation.min_model_probability = 0;
    options.speculation.max_model_requests = 64;
    Engine engine(model, options);
    std::mt19937 random(11);
    std::vector<EngineRequest> requests;
    std::vector<std::shared_ptr<Answer>> answers;
    for (int i = 0; i < 24; ++i) {
      requests.push_back(random_wish(random));
      answers.push_back(std::make_shared<Answer>());
      engine.submit(requests.back(), answers.back());
    }
    engine.drain();
    for (size_t i = 0; i < requests.size(); ++i) {
      SCOPED_TRACE(i);
      Session session(model, {.threads = 1, .context_tokens = pages * KvCache::kPageTokens, .batch_tokens = 64});
      const auto sequence = session.add_sequence({}, requests[i].adapters);
      expect_same(*answers[i], generate(session, sequence, requests[i].prompt, requests[i].options));
    }
    EXPECT_GT(engine.figures().reused_prompt_tokens, 0);
  }
}

TEST(ChoosableAdapters, PagesAreSharedByRequestsWithTheSameAdaptersOnly) {
  Engine engine(load(&codecs::q4_0.info, choices()), engine_with(64));
  std::mt19937 random(3);
  auto request = request_of(random, 130, 0, 3);
  const auto reused_with = [&](std::vector<AdapterUse> adapters) {
    request.adapters = std::move(adapters);
    const auto answer = std::make_shared<Answer>();
    engine.submit(request, answer);
    answer->wait();
    return answer->summary->reused_prompt_tokens;
  };
  EXPECT_EQ(reused_with({}), 0);
  EXPECT_EQ(reused_with({{0, 1}}), 0);
  EXPECT_EQ(reused_with({{0, 0.5}}), 0);
  EXPECT_EQ(reused_with({{0, 1}, {2, 1}}), 0);
  EXPECT_EQ(reused_with({{2, 1}, {1, 0}, {0, 1}}), 128);
  EXPECT_EQ(reused_with({{0, 0}}), 128);
}

TEST(ChoosableAdapters, RefusesWhatIsNoChoice) {
  const float kInfinite = std::numeric_limits<float>::infinity();
  const std::vector<std::vector<AdapterUse>> wrong{{{3, 1}}, {{-1, 1}}, {{1, 1}, {1, 2}}, {{0, kInfinite}}};
  for (const auto& choice : wrong) EXPECT_THROW(checked_choice(choice, 3), Error);
  const AdapterUse wish[] = {{2, 1}, {1, 0}, {0, 3}};
  EXPECT_THAT(checked_choice(wish, 3), ElementsAre(AdapterUse{0, 3}, AdapterUse{2, 1}));
  Engine engine(load(&codecs::q4_0.info, {}), engine_with(4));
  EngineRequest request;
  request.prompt = {1};
  request.adapters = {{0, 1}};
  EXPECT_THROW(engine.submit(std::move(request), std::make_shared<Answer>()), Error);
}

TEST(ChoosableAdapters, RefusesChangesThatSequencesCannotHaveEachInTheirOwnWay) {
  const auto refuses = [](auto change, const char* says) {
    auto adapter = random_adapter(1, 4, true);
    change(*adapter);
    try {
      load(&codecs::f32.info, std::vector<AppliedAdapter>{{adapter, 1, true}});
      FAIL();
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(says));
    }
  };
  refuses([](model::Adapter& adapter) { adapter.changes[1].magnitude = adapter.changes[1].a; }, "lengths of rows");
  refuses([](model::Adapter& adapter) { adapter.changes[0].weight = model::kEmbeddingWeight; }, "looked up");
  refuses([](model::Adapter& adapter) { adapter.replaced.push_back(adapter.changes[0].a); }, "as a whole");
}

}  // namespace
}  // namespace adze::runtime
