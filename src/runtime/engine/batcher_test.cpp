#include "runtime/engine/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/engine/answers_for_test.h"

namespace adze::runtime {
namespace {

using testing::Each;
using testing::Le;

// Steps without a thread: what happens when is the same each time.
class BatcherTest : public testing::Test {
 protected:
  void open(const EngineOptions& options) { batcher_ = std::make_unique<Batcher>(model_, options); }
  std::shared_ptr<Answer> add(const EngineRequest& request) {
    auto answer = std::make_shared<Answer>();
    auto active =
        std::make_unique<ActiveRequest>(request, answer, model_->tokenizer(), batcher_->most_request_tokens());
    batcher_->add(next_id_++, std::move(active));
    return answer;
  }
  void run_to_end() {
    while (!batcher_->is_idle()) batcher_->step();
  }

  std::shared_ptr<LoadedModel> model_ = load_tiny();
  std::unique_ptr<Batcher> batcher_;
  RequestId next_id_ = 1;
  std::mt19937 random_{5};
};

class Preemption : public BatcherTest, public testing::WithParamInterface<int64_t> {};

TEST_P(Preemption, LeavesEveryAnswerAsItWas) {
  constexpr int64_t kPages = 10;
  auto options = engine_with(kPages);
  options.speculation = {.max_draft_tokens = GetParam(), .min_match_tokens = 1, .max_step_tokens = 40};
  open(options);
  std::vector<EngineRequest> requests;
  std::vector<std::shared_ptr<Answer>> answers;
  for (int i = 0; i < 12; ++i) {
    requests.push_back(random_request(random_, 150));
    requests.back().options.max_tokens = 300;
    requests.back().options.stop.clear();
    answers.push_back(add(requests.back()));
    for (size_t steps = random_() % 40; steps > 0; --steps) batcher_->step();
  }
  run_to_end();
  int64_t preemptions = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    SCOPED_TRACE(i);
    expect_same(*answers[i], generated_alone(model_, requests[i], kPages));
    preemptions += answers[i]->summary->preemptions;
  }
  const auto figures = batcher_->figures();
  EXPECT_GT(preemptions, 3);
  EXPECT_EQ(figures.preemptions, preemptions);
  EXPECT_GT(figures.recomputed_tokens, 0);
  EXPECT_GT(figures.evicted_pages, 0);
  EXPECT_EQ(answers[0]->summary->preemptions, 0);  // the oldest goes on
  EXPECT_EQ(figures.used_pages, 0);
}

INSTANTIATE_TEST_SUITE_P(Drafts, Preemption, testing::Values(0, 6));

// Of five pages each of two requests in step has two at token 128, where both draft beyond them.
TEST_F(BatcherTest, DraftsTakeNoPageThatIsNotThere) {
  auto options = engine_with(5);
  options.share_prefixes = false;
  options.speculation = {.max_draft_tokens = 8, .min_match_tokens = 1, .max_step_tokens = 40};
  for (size_t prompt = 10; prompt < 18; ++prompt) {
    open(options);
    const auto request = request_of(random_, prompt, prompt, 150);
    const std::shared_ptr<Answer> answers[] = {add(request), add(request)};
    run_to_end();
    for (const auto& answer : answers) expect_same(*answer, generated_alone(model_, request, 5));
  }
}

TEST_F(BatcherTest, TheDraftModelRestsWhileManyRequestsGenerate) {
  auto options = engine_with(32);
  options.speculation.draft_model = model_;
  options.speculation.min_model_probability = 0;
  options.speculation.max_model_requests = 3;
  for (const int64_t requests : {3, 4}) {
    open(options);
    std::vector<EngineRequest> asked;
    std::vector<std::shared_ptr<Answer>> answers;
    for (int64_t i = 0; i < requests; ++i) {
      asked.push_back(request_of(random_, 5, 0, 40));
      asked.back().options.stop_at_end_token = false;
      answers.push_back(add(asked.back()));
    }
    run_to_end();
    for (size_t i = 0; i < asked.size(); ++i) expect_same(*answers[i], generated_alone(model_, asked[i], 32));
    EXPECT_EQ(batcher_->figures().model_drafted_tokens > 0, requests <= 3);
  }
}

TEST_F(BatcherTest, APromptThatWaitsForAnOlderOnesPagesIsOvertaken) {
  auto options = engine_with(32);
  options.session.batch_tokens = 64;
  open(options);
  const auto request = request_of(random_, 200, 0, 3);
  const auto other = request_of(random_, 20, 0, 3);
  add(request);
  const auto same = add(request);
  const auto overtaking = add(other);
  batcher_->step();
  EXPECT_EQ(batcher_->figures().running_requests, 2);
  EXPECT_EQ(batcher_->figures().waiting_requests, 1);
  run_to_end();
  EXPECT_EQ(same->summary->reused_prompt_tokens, 192);
  expect_same(*overtaking, generated_alone(model_, other, 32));
}

TEST_F(BatcherTest, APromptIsReadInPartsBesideRequestsThatGenerate) {
  auto options = engine_with(32);
  options.prompt_tokens_beside = 16;
  open(options);
  const auto generating = add(request_of(random_, 5, 0, 100));
  batcher_->step();
  batcher_->step();
  const auto heard = generating->tokens.size();
  const auto reading = add(request_of(random_, 100, 0, 5));
  int steps = 0;
  for (; reading->tokens.empty(); ++steps) batcher_->step();
  EXPECT_EQ(steps, 7);  // 100 tokens, 16 at a time
  EXPECT_EQ(generating->tokens.size(), heard + 7);
}

TEST_F(BatcherTest, MoreThanMayRunWait) {
  auto options = engine_with(64);
  options.max_running = 3;
  open(options);
  std::vector<std::shared_ptr<Answer>> answers;
  for (int i = 0; i < 8; ++i) answers.push_back(add(request_of(random_, 10, 0, 10)));
  std::vector<int64_t> running;
  while (!batcher_->is_idle()) {
    batcher_->step();
    running.push_back(batcher_->figures().running_requests);
  }
  EXPECT_THAT(running, Each(Le(3)));
  for (const auto& answer : answers) EXPECT_EQ(answer->tokens.size(), 10u);
}

TEST_F(BatcherTest, ARequestThatIsCancelledGivesItsPagesBackAtOnce) {
  open(engine_with(8));
  const auto answer = add(request_of(random_, 100, 0, 1000));
  batcher_->step();
  batcher_->step();
  EXPECT_EQ(batcher_->figures().used_pages, 2);
  batcher_->cancel(1);
  EXPECT_EQ(answer->ends(), 1);
  EXPECT_EQ(batcher_->figures().used_pages, 0);
  EXPECT_EQ(batcher_->figures().cached_pages, 1);
  EXPECT_TRUE(batcher_->is_idle());
}

}  // namespace
}  // namespace adze::runtime
