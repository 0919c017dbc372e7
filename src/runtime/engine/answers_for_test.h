// Requests and a listener for tests of the engine, and what generate() gives alone.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>

#include "runtime/engine/engine.h"
#include "runtime/tiny_model_for_test.h"

namespace adze::runtime {

std::shared_ptr<LoadedModel> load_tiny(std::shared_ptr<const text::TokenizerSpec> tokenizer = tiny_tokenizer());

/// Its weights stored less exactly: it often says the same, but not always.
std::shared_ptr<LoadedModel> load_tiny_drafter();

/// Two threads, steps of 64 tokens.
EngineOptions engine_with(int64_t pages);

/// Keeps what it hears.
class Answer : public RequestListener {
 public:
  void on_prompt(std::span<const ScoredToken> prompt) override { scores.assign(prompt.begin(), prompt.end()); }
  bool on_token(const GeneratedToken& token) override {
    tokens.push_back(token.token);
    text += token.text;
    probabilities.emplace_back(token.probabilities.begin(), token.probabilities.end());
    return static_cast<int64_t>(tokens.size()) < cancel_behind;
  }
  void on_end(const RequestSummary& told) override {
    summary = told;
    finish();
  }
  void on_error(const Error& told) override {
    error = told;
    finish();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return ends_ > 0; });
  }
  int ends() {
    const std::lock_guard lock(mutex_);
    return ends_;
  }

  int64_t cancel_behind = 1 << 30;
  std::vector<int32_t> tokens;
  std::string text;
  std::vector<std::vector<TokenProbability>> probabilities;
  std::vector<ScoredToken> scores;
  std::optional<RequestSummary> summary;
  std::optional<Error> error;

 private:
  void finish() {
    const std::lock_guard lock(mutex_);
    ++ends_;
    ended_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable ended_;
  int ends_ = 0;
};

GenerationResult generated_alone(const std::shared_ptr<LoadedModel>& model, const EngineRequest& request,
                                 int64_t pages);
void expect_same(const Answer& answer, const GenerationResult& expected);

/// A greedy request with a prompt of `count` tokens, the first `shared` of which are those of all others.
EngineRequest request_of(std::mt19937& random, size_t count, size_t shared, int64_t answer);
/// Of any kind, with a prompt of `longest` tokens at most.
EngineRequest random_request(std::mt19937& random, int64_t longest);

}  // namespace adze::runtime
