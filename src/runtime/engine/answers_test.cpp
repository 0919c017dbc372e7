#include <gtest/gtest.h>

#include "codecs/codec.h"
#include "runtime/engine/answers_for_test.h"

namespace adze::runtime {

namespace {

std::shared_ptr<LoadedModel> load_tiny_as(StorageType storage, std::shared_ptr<const text::TokenizerSpec> tokenizer) {
  auto model = tiny_model(storage);
  model.tokenizer = std::move(tokenizer);
  return std::make_shared<LoadedModel>(std::move(model), passes::ActivationPolicy::automatic);
}

}  // namespace

std::shared_ptr<LoadedModel> load_tiny(std::shared_ptr<const text::TokenizerSpec> tokenizer) {
  return load_tiny_as(&codecs::q4_0.info, std::move(tokenizer));
}

std::shared_ptr<LoadedModel> load_tiny_drafter() { return load_tiny_as(&codecs::q8_0.info, tiny_tokenizer()); }

EngineOptions engine_with(int64_t pages) {
  EngineOptions options;
  options.session = {.threads = 2, .context_tokens = pages * KvCache::kPageTokens, .batch_tokens = 64};
  return options;
}

GenerationResult generated_alone(const std::shared_ptr<LoadedModel>& model, const EngineRequest& request,
                                 int64_t pages) {
  Session session(model, {.threads = 1, .context_tokens = pages * KvCache::kPageTokens, .batch_tokens = 64});
  return generate(session, session.add_sequence(), request.prompt, request.options);
}

void expect_same(const Answer& answer, const GenerationResult& expected) {
  ASSERT_TRUE(answer.summary) << (answer.error ? answer.error->what() : "");
  EXPECT_EQ(answer.tokens, expected.tokens);
  EXPECT_EQ(answer.text, expected.text);
  EXPECT_EQ(answer.summary->reason, expected.reason);
}

EngineRequest request_of(std::mt19937& random, size_t count, size_t shared, int64_t answer) {
  EngineRequest request;
  std::mt19937 same(1);
  for (size_t i = 0; i < count; ++i) {
    request.prompt.push_back(static_cast<int32_t>((i < shared ? same : random)() % kTinyVocabulary));
  }
  request.options.max_tokens = answer;
  request.options.sampler.temperature = 0;
  return request;
}

EngineRequest random_request(std::mt19937& random, int64_t longest) {
  const auto count = 1 + random() % static_cast<size_t>(longest);
  auto request = request_of(random, count, random() % 200, static_cast<int64_t>(1 + random() % 250));
  if (random() % 2 == 0) {
    request.options.sampler.temperature = 1.2;
    request.options.sampler.repetition_penalty = 1.1;
    request.options.sampler.seed = random();
  }
  if (random() % 3 == 0) request.options.stop = {"5", "77"};
  return request;
}

}  // namespace adze::runtime
