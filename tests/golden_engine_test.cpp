// Every folder in tests/golden/architectures, served: windows, latent rows and whatever else a model keeps of its text
// must bear shared pages, drafts that prove wrong and preemption.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "codecs/codec.h"
#include "formats/format.h"
#include "runtime/engine/engine.h"
#include "text/tokenizers/gguf_vocabulary.h"

namespace adze {
namespace {

using namespace runtime;

const std::filesystem::path kFolder = "tests/golden/architectures";
constexpr int64_t kPages = 6;

std::vector<std::string> golden_cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::shared_ptr<const text::TokenizerSpec> numbers(int64_t count) {
  text::GgufVocabulary vocabulary;
  vocabulary.source = "test";
  vocabulary.model = "gpt2";
  vocabulary.pre = "gpt-2";
  vocabulary.tokens = {"0", "1", "01"};
  for (int64_t i = 3; i < count; ++i) vocabulary.tokens.push_back("<" + std::to_string(i) + ">");
  vocabulary.merges = {"0 1"};
  vocabulary.token_types.assign(vocabulary.tokens.size(), 1);
  return std::make_shared<text::TokenizerSpec>(text::from_gguf_vocabulary(vocabulary));
}

std::shared_ptr<LoadedModel> load(const std::string& name) {
  auto model = formats::read_model((kFolder / name).string());
  model.tokenizer = numbers(model.tensors.find("token_embd.weight")->shape.dims()[0]);
  return std::make_shared<LoadedModel>(std::move(model), passes::ActivationPolicy::automatic);
}

// The first 80 tokens are those of the others, and what repeats itself invites drafts.
EngineRequest request_of(uint32_t seed, int64_t vocabulary) {
  EngineRequest request;
  std::mt19937 random(seed);
  for (size_t i = 0; i < 80; ++i) request.prompt.push_back(static_cast<int32_t>(i * i % 17));
  for (size_t i = 0; i < 10; ++i)
    request.prompt.push_back(static_cast<int32_t>(random() % static_cast<uint64_t>(vocabulary)));
  request.options.max_tokens = 90;
  request.options.stop_at_end_token = false;
  request.options.sampler.temperature = 0;
  return request;
}

class Tokens : public RequestListener {
 public:
  bool on_token(const GeneratedToken& token) override {
    tokens.push_back(token.token);
    return true;
  }
  void on_end(const RequestSummary&) override {}
  void on_error(const Error& error) override { ADD_FAILURE() << error.what(); }
  std::vector<int32_t> tokens;
};

class GoldenEngine : public testing::TestWithParam<std::string> {};

EngineOptions scarce_options() {
  EngineOptions options;
  options.session = {.threads = 2, .context_tokens = kPages * KvCache::kPageTokens, .batch_tokens = 48};
  return options;
}

// Returns what the engine did.
EngineFigures expect_answers_of_requests_alone(const std::shared_ptr<LoadedModel>& model,
                                               const EngineOptions& options) {
  Engine engine(model, options);
  std::vector<EngineRequest> requests;
  std::vector<std::shared_ptr<Tokens>> answers;
  for (uint32_t seed = 0; seed < 4; ++seed) {
    requests.push_back(request_of(seed, model->vocabulary()));
    answers.push_back(std::make_shared<Tokens>());
    engine.submit(requests.back(), answers.back());
  }
  engine.drain();
  Session session(model, options.session);
  for (size_t i = 0; i < requests.size(); ++i) {
    const auto sequence = session.add_sequence();
    EXPECT_EQ(answers[i]->tokens, generate(session, sequence, requests[i].prompt, requests[i].options).tokens) << i;
    session.remove_sequence(sequence);
  }
  EXPECT_EQ(engine.figures().reused_prompt_tokens > 0, engine.options().share_prefixes);
  return engine.figures();
}

TEST_P(GoldenEngine, AnswersAreThoseOfRequestsAlone) {
  auto options = scarce_options();
  options.speculation = {.max_draft_tokens = 4, .min_match_tokens = 1};
  expect_answers_of_requests_alone(load(GetParam()), options);
}

// The best draft model is the model itself: what it is taken back to must be as it was.
TEST_P(GoldenEngine, WhatItDraftsForItselfIsRight) {
  const auto model = load(GetParam());
  auto options = scarce_options();
  options.speculation.draft_model = model;
  options.speculation.min_model_probability = 0;
  options.speculation.max_model_requests = 64;
  if (!KvCache(model->graph(), &codecs::f16.info, 1).keeps_tokens_apart()) {
    EXPECT_THROW(Engine(model, options), Error);
    return;
  }
  const auto figures = expect_answers_of_requests_alone(model, options);
  EXPECT_GT(figures.model_drafted_tokens, 0);
  EXPECT_EQ(figures.model_accepted_tokens, figures.model_drafted_tokens);
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenEngine, testing::ValuesIn(golden_cases()),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace adze
