#include "runtime/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <thread>

#include "runtime/engine/answers_for_test.h"

namespace adze::runtime {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

std::shared_ptr<Answer> ask(Engine& engine, EngineRequest request) {
  auto answer = std::make_shared<Answer>();
  engine.submit(std::move(request), answer);
  return answer;
}

struct Load {
  const char* name;
  int64_t pages;
  int64_t draft_tokens;
  bool share_prefixes;
  bool has_draft_model = false;
};

class EngineUnderLoad : public testing::TestWithParam<Load> {};

TEST_P(EngineUnderLoad, EveryAnswerIsTheOneThatItsRequestGetsAlone) {
  const Load load_now = GetParam();
  const auto model = load_tiny();
  auto options = engine_with(load_now.pages);
  options.max_running = 12;
  options.prompt_tokens_beside = 40;
  options.share_prefixes = load_now.share_prefixes;
  options.speculation = {.max_draft_tokens = load_now.draft_tokens, .min_match_tokens = 1, .max_step_tokens = 40};
  if (load_now.has_draft_model) options.speculation.draft_model = load_tiny_drafter();
  options.speculation.min_model_probability = 0;
  options.speculation.max_model_requests = 12;
  std::mt19937 random(7);
  std::vector<EngineRequest> requests;
  for (int i = 0; i < 30; ++i) requests.push_back(random_request(random, 200));
  std::vector<std::shared_ptr<Answer>> answers;
  Engine engine(model, options);
  for (const EngineRequest& request : requests) {
    auto answer = std::make_shared<Answer>();
    if (random() % 6 == 0) answer->cancel_behind = static_cast<int64_t>(1 + random() % 20);
    engine.submit(request, answer);
    answers.push_back(answer);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
  }
  engine.drain();
  for (size_t i = 0; i < requests.size(); ++i) {
    SCOPED_TRACE(i);
    Answer& answer = *answers[i];
    ASSERT_EQ(answer.ends(), 1);
    auto expected = generated_alone(model, requests[i], load_now.pages);
    const auto heard = std::min(static_cast<size_t>(answer.cancel_behind), expected.tokens.size());
    if (heard < static_cast<size_t>(answer.cancel_behind)) {
      expect_same(answer, expected);
    } else {
      EXPECT_EQ(answer.summary->reason, StopReason::cancelled);
      expected.tokens.resize(heard);
      EXPECT_EQ(answer.tokens, expected.tokens);
    }
  }
  const auto figures = engine.figures();
  EXPECT_EQ(figures.finished_requests + figures.cancelled_requests, 30);
  EXPECT_EQ(figures.used_pages, 0);
  EXPECT_EQ(figures.running_requests + figures.waiting_requests, 0);
  EXPECT_EQ(figures.reused_prompt_tokens > 0, load_now.share_prefixes);
  EXPECT_EQ(figures.accepted_tokens > 0, load_now.draft_tokens > 0 || load_now.has_draft_model);
  EXPECT_EQ(figures.model_accepted_tokens > 0, load_now.has_draft_model);
  EXPECT_EQ(figures.model_drafted_tokens > figures.model_accepted_tokens, load_now.has_draft_model);  // not all right
}

INSTANTIATE_TEST_SUITE_P(Loads, EngineUnderLoad,
                         testing::Values(Load{"plenty", 200, 0, true}, Load{"scarce", 10, 0, true},
                                         Load{"scarce_unshared", 10, 0, false}, Load{"plenty_drafted", 200, 6, true},
                                         Load{"scarce_drafted", 10, 6, true},
                                         Load{"plenty_draft_model", 200, 0, true, true},
                                         Load{"scarce_draft_model", 10, 6, true, true},
                                         Load{"scarce_unshared_draft_model", 10, 0, false, true}),
                         [](const auto& load) { return load.param.name; });

TEST(Engine, APromptBeginsOnThePagesOfAnEarlierOne) {
  const auto model = load_tiny();
  Engine engine(model, engine_with(32));
  std::mt19937 random(3);
  const auto first = request_of(random, 200, 150, 5);
  const auto second = request_of(random, 300, 150, 5);
  const auto one = ask(engine, first);
  one->wait();
  const auto other = ask(engine, second);
  other->wait();
  EXPECT_EQ(one->summary->reused_prompt_tokens, 0);
  EXPECT_EQ(other->summary->reused_prompt_tokens, 128);
  expect_same(*other, generated_alone(model, second, 32));
  const auto again = ask(engine, first);  // all but the last page and what is needed for logits
  again->wait();
  EXPECT_EQ(again->summary->reused_prompt_tokens, 192);
  expect_same(*again, generated_alone(model, first, 32));
}

TEST(Engine, AConversationGoesOnBehindItsOwnAnswer) {
  const auto model = load_tiny();
  Engine engine(model, engine_with(32));
  std::mt19937 random(3);
  auto request = request_of(random, 60, 0, 80);
  request.options.stop_at_end_token = false;
  const auto first = ask(engine, request);
  first->wait();
  request.prompt.insert(request.prompt.end(), first->tokens.begin(), first->tokens.end());
  request.prompt.push_back(3);
  const auto second = ask(engine, request);
  second->wait();
  EXPECT_EQ(second->summary->reused_prompt_tokens, 128);
  expect_same(*second, generated_alone(model, request, 32));
}

TEST(Engine, RequestsOfTheSamePromptAtOnceComputeItOnce) {
  const auto model = load_tiny();
  Engine engine(model, engine_with(64));
  std::mt19937 random(3);
  const auto request = request_of(random, 260, 0, 20);
  std::vector<std::shared_ptr<Answer>> answers;
  for (int i = 0; i < 6; ++i) answers.push_back(ask(engine, request));
  engine.drain();
  for (const auto& answer : answers) expect_same(*answer, generated_alone(model, request, 64));
  EXPECT_EQ(engine.figures().reused_prompt_tokens, 5 * 256);
}

TEST(Engine, ARequestThatFillsTheCacheEndsThere) {
  const auto model = load_tiny();
  Engine engine(model, engine_with(2));
  std::mt19937 random(3);
  auto request = request_of(random, 100, 0, 1000);
  request.options.stop_at_end_token = false;
  const auto one = ask(engine, request);
  request.prompt.resize(128);
  const auto other = ask(engine, request);
  engine.drain();
  EXPECT_EQ(one->summary->reason, StopReason::context_full);
  EXPECT_THAT(one->tokens, SizeIs(29));
  EXPECT_EQ(other->summary->reason, StopReason::context_full);
  EXPECT_THAT(other->tokens, SizeIs(1));
  EXPECT_THROW(ask(engine, request), Error);  // drained
}

TEST(Engine, LimitsTheLengthOfARequest) {
  const auto model = load_tiny();
  auto options = engine_with(8);
  options.max_request_tokens = 50;
  Engine engine(model, options);
  std::mt19937 random(3);
  const auto answer = ask(engine, request_of(random, 45, 0, 1000));
  EXPECT_THROW(ask(engine, request_of(random, 51, 0, 1000)), Error);
  engine.drain();
  EXPECT_EQ(answer->summary->reason, StopReason::context_full);
  EXPECT_THAT(answer->tokens, SizeIs(6));
}

TEST(Engine, RefusesWhatCannotBeRun) {
  const auto model = load_tiny();
  auto options = engine_with(2);
  Engine engine(model, options);
  std::mt19937 random(3);
  const auto refused = [&](auto change) {
    auto request = request_of(random, 5, 0, 5);
    change(request);
    EXPECT_THROW(ask(engine, request), Error);
  };
  refused([](EngineRequest& request) { request.prompt.clear(); });
  refused([](EngineRequest& request) { request.prompt.assign(129, 1); });
  refused([](EngineRequest& request) { request.prompt.back() = static_cast<int32_t>(kTinyVocabulary); });
  refused([](EngineRequest& request) { request.prompt.back() = -1; });
  refused([](EngineRequest& request) { request.options.sampler.top_p = 7; });
  options.max_running = 0;
  EXPECT_THROW(Engine(model, options), Error);
}

// What a broken grammar would do.
class BreakingConstraint : public TokenConstraint {
 public:
  explicit BreakingConstraint(int tokens) : tokens_(tokens) {}
  void begin() override {}
  std::span<const float> restrict(std::span<const float> logits) override {
    if (tokens_-- == 0) fail(ErrorCode::unsupported, "broken");
    return logits;
  }
  void accept(int32_t) override {}
  bool is_complete() const override { return false; }

 private:
  int tokens_;
};

TEST(Engine, TheErrorOfOneRequestHurtsNoOther) {
  const auto model = load_tiny();
  Engine engine(model, engine_with(32));
  std::mt19937 random(3);
  const auto good = request_of(random, 100, 0, 60);
  auto bad = request_of(random, 90, 0, 60);
  bad.options.constraint = std::make_shared<BreakingConstraint>(7);
  const auto one = ask(engine, good);
  const auto broken = ask(engine, bad);
  engine.drain();
  expect_same(*one, generated_alone(model, good, 32));
  ASSERT_TRUE(broken->error);
  EXPECT_THAT(broken->error->what(), HasSubstr("broken"));
  EXPECT_EQ(broken->ends(), 1);
  EXPECT_THAT(broken->tokens, SizeIs(7));
  EXPECT_EQ(engine.figures().failed_requests, 1);
}

class ThrowingListener : public Answer {
 public:
  bool on_token(const GeneratedToken& token) override {
    if (tokens.size() == 3) throw std::runtime_error("gone");
    return Answer::on_token(token);
  }
};

TEST(Engine, WhatAListenerThrowsEndsItsRequest) {
  Engine engine(load_tiny(), engine_with(32));
  std::mt19937 random(3);
  const auto listener = std::make_shared<ThrowingListener>();
  engine.submit(request_of(random, 10, 0, 60), listener);
  engine.drain();
  ASSERT_TRUE(listener->error);
  EXPECT_EQ(listener->ends(), 1);
  EXPECT_EQ(engine.figures().used_pages, 0);
}

TEST(Engine, CancelsRequestsThatRunWaitOrAreUnknown) {
  auto options = engine_with(64);
  options.max_running = 1;
  Engine engine(load_tiny(), options);
  std::mt19937 random(3);
  auto request = request_of(random, 10, 0, 1 << 20);
  request.options.stop_at_end_token = false;
  const auto running = std::make_shared<Answer>();
  const auto waiting = std::make_shared<Answer>();
  const auto first = engine.submit(request, running);
  const auto second = engine.submit(request, waiting);
  engine.cancel(second);
  waiting->wait();
  EXPECT_EQ(waiting->summary->reason, StopReason::cancelled);
  engine.cancel(first);
  engine.cancel(first);
  engine.cancel(12345);
  running->wait();
  engine.drain();
  EXPECT_EQ(running->ends(), 1);
  EXPECT_EQ(engine.figures().cancelled_requests + engine.figures().finished_requests, 2);
}

TEST(Engine, EndingItCancelsWhatIsLeft) {
  std::mt19937 random(3);
  std::vector<std::shared_ptr<Answer>> answers;
  {
    Engine engine(load_tiny(), engine_with(64));
    for (int i = 0; i < 10; ++i) answers.push_back(ask(engine, request_of(random, 100, 0, 3000)));
  }
  for (const auto& answer : answers) EXPECT_EQ(answer->ends(), 1);
}

TEST(Engine, TimeRunsOut) {
  Engine engine(load_tiny(), engine_with(64));
  std::mt19937 random(3);
  auto request = request_of(random, 10, 0, 1 << 20);
  request.max_seconds = 1e-9;
  const auto answer = ask(engine, request);
  engine.drain();
  EXPECT_EQ(answer->summary->reason, StopReason::time_limit);
}

TEST(Engine, RefusesMoreThanMayWait) {
  auto options = engine_with(64);
  options.max_running = 1;
  options.max_waiting = 2;
  Engine engine(load_tiny(), options);
  std::mt19937 random(3);
  auto request = request_of(random, 10, 0, 3000);
  request.options.stop_at_end_token = false;
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    try {
      ask(engine, request);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::out_of_memory);
      ++refused;
    }
  }
  EXPECT_GE(refused, 16);
}

TEST(Engine, GivesLogProbabilitiesOfPromptAndAnswer) {
  const auto model = load_tiny();
  auto options = engine_with(8);
  Engine engine(model, options);
  std::mt19937 random(3);
  auto request = request_of(random, 150, 0, 4);
  const auto unscored = ask(engine, request);  // its pages could be reused
  unscored->wait();
  request.top_log_probabilities = 3;
  request.score_prompt = true;
  const auto answer = ask(engine, request);
  engine.drain();
  expect_same(*answer, generated_alone(model, request, 8));
  EXPECT_EQ(answer->summary->reused_prompt_tokens, 0);
  ASSERT_THAT(answer->scores, SizeIs(150));
  EXPECT_THAT(answer->scores[0].probabilities, SizeIs(0));
  Session session(model, {.threads = 1, .context_tokens = 512, .batch_tokens = 256});
  const SequenceWork work{session.add_sequence(), request.prompt, LogitsWanted::all};
  const auto logits = session.run({&work, 1});
  for (size_t i = 1; i < 150; ++i) {
    const auto expected = log_probabilities(logits.row(static_cast<int64_t>(i) - 1), request.prompt[i], 3);
    ASSERT_THAT(answer->scores[i].probabilities, SizeIs(4));
    for (size_t k = 0; k < 4; ++k) {
      EXPECT_EQ(answer->scores[i].probabilities[k].token, expected[k].token);
      EXPECT_EQ(answer->scores[i].probabilities[k].log_probability, expected[k].log_probability);
    }
  }
  ASSERT_THAT(answer->probabilities, SizeIs(4));
  for (size_t i = 0; i < 4; ++i) {
    ASSERT_THAT(answer->probabilities[i], SizeIs(4));
    EXPECT_EQ(answer->probabilities[i][0].token, answer->tokens[i]);
    EXPECT_EQ(answer->probabilities[i][1].token, answer->tokens[i]);  // greedy
  }
}

TEST(Engine, ScoresAPromptWithoutAnswering) {
  Engine engine(load_tiny(), engine_with(8));
  std::mt19937 random(3);
  auto request = request_of(random, 100, 0, 0);
  request.score_prompt = true;
  const auto answer = ask(engine, request);
  engine.drain();
  EXPECT_THAT(answer->scores, SizeIs(100));
  EXPECT_THAT(answer->scores.back().probabilities, SizeIs(1));
  EXPECT_THAT(answer->tokens, SizeIs(0));
  EXPECT_EQ(answer->summary->reason, StopReason::max_tokens);
}

TEST(Engine, EndTokensEndAnswers) {
  std::mt19937 random(3);
  auto request = request_of(random, 40, 0, 200);
  request.options.sampler.temperature = 2;
  const auto model = load_tiny(tiny_tokenizer_ending_with(11));
  Engine engine(model, engine_with(8));
  const auto answer = ask(engine, request);
  engine.drain();
  const auto expected = generated_alone(model, request, 8);
  ASSERT_EQ(expected.reason, StopReason::end_token);
  expect_same(*answer, expected);
}

TEST(Engine, DraftsOfARepeatedTextAreAccepted) {
  const auto model = load_tiny();
  auto options = engine_with(32);
  options.speculation.max_draft_tokens = 8;
  Engine engine(model, options);
  std::mt19937 random(3);
  const auto request = request_of(random, 50, 0, 300);  // random weights repeat themselves soon
  const auto answer = ask(engine, request);
  engine.drain();
  expect_same(*answer, generated_alone(model, request, 32));
  const auto figures = engine.figures();
  EXPECT_GT(answer->summary->accepted_tokens, 0);
  EXPECT_LE(answer->summary->accepted_tokens, answer->summary->drafted_tokens);
  EXPECT_EQ(figures.accepted_tokens, answer->summary->accepted_tokens);
  EXPECT_LT(figures.steps, 300);
}

TEST(Engine, AModelThatDraftsForItselfIsAlwaysRight) {
  const auto model = load_tiny();
  auto options = engine_with(32);
  options.speculation.draft_model = model;
  options.speculation.max_model_tokens = 4;
  options.speculation.min_model_probability = 0;
  Engine engine(model, options);
  std::mt19937 random(3);
  auto request = request_of(random, 60, 0, 101);
  request.options.stop_at_end_token = false;
  const auto answer = ask(engine, request);
  engine.drain();
  expect_same(*answer, generated_alone(model, request, 32));
  const auto figures = engine.figures();
  EXPECT_EQ(figures.model_accepted_tokens, figures.model_drafted_tokens);
  EXPECT_EQ(figures.model_accepted_tokens, answer->summary->accepted_tokens);
  EXPECT_GT(figures.draft_seconds, 0);
  EXPECT_LT(figures.steps, 3 + 100 / 4);  // 5 tokens in a step, once the draft model has read the prompt
}

TEST(Engine, CountsWhatItDid) {
  Engine engine(load_tiny(), engine_with(32));
  std::mt19937 random(3);
  for (int i = 0; i < 5; ++i) ask(engine, request_of(random, 70, 0, 10));
  engine.drain();
  const auto figures = engine.figures();
  EXPECT_EQ(figures.submitted_requests, 5);
  EXPECT_EQ(figures.finished_requests, 5);
  EXPECT_EQ(figures.prompt_tokens, 350);
  EXPECT_EQ(figures.generated_tokens, 50);
  EXPECT_EQ(figures.first_token_seconds.count(), 5);
  EXPECT_EQ(figures.token_seconds.count(), 45);
  EXPECT_EQ(figures.step_tokens.count(), figures.steps);
  EXPECT_EQ(figures.step_tokens.sum(), 350 + 45);
  EXPECT_EQ(figures.pages, 32);
  EXPECT_EQ(figures.cached_pages, 5);
  EXPECT_EQ(figures.free_pages, 27);
}

TEST(Histogram, CountsUpToItsBounds) {
  static constexpr double kBounds[] = {1, 2};
  Histogram histogram(kBounds);
  for (const double value : {0.5, 1.0, 1.5, 3.0}) histogram.add(value);
  EXPECT_THAT(histogram.counts(), testing::ElementsAre(2, 1, 1));
  EXPECT_EQ(histogram.count(), 4);
  EXPECT_EQ(histogram.sum(), 6);
}

}  // namespace
}  // namespace adze::runtime
