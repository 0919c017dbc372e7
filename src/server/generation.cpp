#include "server/generation.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include "base/error.h"
#include "runtime/grammar_constraint.h"
#include "server/adapter_choice.h"
#include "server/answer_options.h"
#include "server/http_message.h"
#include "server/prompt.h"
#include "server/request_error.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::server {
namespace {

using runtime::EngineRequest;

// All choices of one answer. The sink is called under the lock, so it hears one thing at a time.
class Generation : public std::enable_shared_from_this<Generation> {
 public:
  /// `choices_each`: of every prompt.
  Generation(std::shared_ptr<ServedModel> model, std::shared_ptr<AnswerSink> sink, size_t choices, size_t choices_each)
      : model_(std::move(model)), sink_(std::move(sink)), open_(choices), choices_each_(choices_each), held_(choices) {}

  void submit(std::vector<EngineRequest> requests, std::span<const Prompt> prompts);
  void cancel();

  bool token(size_t choice, AnswerDelta delta);
  void prompt(size_t choice, std::vector<TokenScore> scores);
  void end(size_t choice, const AnswerDelta& rest, const ChoiceEnd& end);
  void error(const Error& error);
  const ServedModel& model() const { return *model_; }

 private:
  // What a choice said before the first one of its prompt, which is scored for all of them, had the scores.
  struct Held {
    bool waits = false;
    std::vector<AnswerDelta> deltas = {};
    std::optional<ChoiceEnd> end = {};
  };

  void end_choice(size_t choice, const ChoiceEnd& end);
  void release(size_t choice, const std::vector<TokenScore>& scores);

  std::shared_ptr<ServedModel> model_;
  std::mutex mutex_;
  std::shared_ptr<AnswerSink> sink_;  // null: has heard everything
  std::mutex ids_mutex_;              // of its own: a sink's writing may notice that nobody listens, and cancel
  std::vector<runtime::RequestId> ids_;
  size_t open_;
  const size_t choices_each_;
  std::vector<Held> held_;  // by choice
  std::atomic<bool> is_cancelled_{false};
};

TokenScore score_of(const runtime::GeneratedToken& token) {
  return {token.token, {token.probabilities.begin(), token.probabilities.end()}};
}

// Of one choice: splits its text into thoughts, content and calls.
class ChoiceListener : public runtime::RequestListener {
 public:
  ChoiceListener(std::shared_ptr<Generation> generation, size_t choice, const text::AnswerForm& form,
                 bool counts_prompt)
      : generation_(std::move(generation)),
        choice_(choice),
        form_(form),
        reader_(form),
        counts_prompt_(counts_prompt) {}

  void on_prompt(std::span<const runtime::ScoredToken> prompt) override {
    std::vector<TokenScore> scores;
    for (const auto& token : prompt) scores.push_back({token.token, token.probabilities});
    generation_->prompt(choice_, std::move(scores));
  }

  bool on_token(const runtime::GeneratedToken& token) override {
    AnswerDelta delta{.part = reader_.push(mark_of(token.token)), .token = token.token, .scores = {}};
    add(delta.part, reader_.push(token.text));
    if (!token.probabilities.empty()) delta.scores.push_back(score_of(token));
    return generation_->token(choice_, std::move(delta));
  }

  void on_end(const runtime::RequestSummary& summary) override {
    AnswerDelta rest{.part = reader_.finish(), .token = -1, .scores = {}};
    has_calls_ = has_calls_ || !rest.part.calls.empty();
    generation_->end(choice_, rest, {summary, has_calls_ && !reader_.has_broken_call(), counts_prompt_});
  }

  void on_error(const Error& error) override { generation_->error(error); }

 private:
  // Control tokens have no text; those that stand around calls and thoughts are wanted here.
  std::string_view mark_of(int32_t token) const {
    const auto& tokenizer = generation_->model().tokenizer();
    if (!tokenizer.is_control(token)) return {};
    const std::string_view text = tokenizer.token_text(token);
    const bool is_of_calls = form_.tools && (text == form_.tools->begin || text == form_.tools->end);
    const bool is_of_thoughts = form_.splits_thoughts && (text == "<think>" || text == "</think>");
    return is_of_calls || is_of_thoughts ? text : std::string_view();
  }

  void add(text::AnswerPart& part, const text::AnswerPart& more) {
    text::append(part, more);
    has_calls_ = has_calls_ || !part.calls.empty();
  }

  std::shared_ptr<Generation> generation_;
  size_t choice_;
  text::AnswerForm form_;
  text::AnswerReader reader_;
  bool counts_prompt_;
  bool has_calls_ = false;
};

void Generation::submit(std::vector<EngineRequest> requests, std::span<const Prompt> prompts) {
  int64_t prompt_tokens = 0;
  for (const auto& prompt : prompts) prompt_tokens += static_cast<int64_t>(prompt.tokens.size());
  const bool is_scored = requests.front().score_prompt;
  const std::lock_guard lock(mutex_);  // nothing is heard before on_begin
  try {
    for (size_t i = 0; i < requests.size(); ++i) {
      const bool is_first = i % choices_each_ == 0;
      held_[i].waits = !is_first && is_scored;
      const auto listener =
          std::make_shared<ChoiceListener>(shared_from_this(), i, prompts[i / choices_each_].form, is_first);
      const auto id = model_->engine().submit(std::move(requests[i]), listener);
      const std::lock_guard ids_lock(ids_mutex_);
      ids_.push_back(id);
    }
  } catch (...) {
    sink_ = nullptr;
    cancel();
    throw;
  }
  sink_->on_begin(prompt_tokens);
}

void Generation::cancel() {
  is_cancelled_ = true;
  std::vector<runtime::RequestId> ids;
  {
    const std::lock_guard lock(ids_mutex_);
    ids = ids_;
  }
  for (const auto id : ids) model_->engine().cancel(id);
}

bool Generation::token(size_t choice, AnswerDelta delta) {
  const std::lock_guard lock(mutex_);
  if (!sink_ || is_cancelled_) return false;
  if (held_[choice].waits) {
    held_[choice].deltas.push_back(std::move(delta));
  } else {
    sink_->on_delta(choice, delta);
  }
  return true;
}

void Generation::prompt(size_t choice, std::vector<TokenScore> scores) {
  const std::lock_guard lock(mutex_);
  if (!sink_) return;
  for (size_t other = choice + 1; other < choice + choices_each_; ++other) release(other, scores);
  if (sink_) sink_->on_prompt(choice, std::move(scores));
}

void Generation::release(size_t choice, const std::vector<TokenScore>& scores) {
  Held held = std::exchange(held_[choice], Held());
  sink_->on_prompt(choice, scores);
  for (const auto& delta : held.deltas) sink_->on_delta(choice, delta);
  if (held.end) end_choice(choice, *held.end);
}

void Generation::end(size_t choice, const AnswerDelta& rest, const ChoiceEnd& end) {
  const std::lock_guard lock(mutex_);
  if (!sink_) return;
  if (held_[choice].waits) {
    if (!rest.part.empty()) held_[choice].deltas.push_back(rest);
    held_[choice].end = end;
    return;
  }
  if (!rest.part.empty()) sink_->on_delta(choice, rest);
  end_choice(choice, end);
}

void Generation::end_choice(size_t choice, const ChoiceEnd& end) {
  sink_->on_choice_end(choice, end);
  if (--open_ > 0) return;
  sink_->on_end();
  sink_ = nullptr;
}

void Generation::error(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!sink_) return;
  is_cancelled_ = true;
  sink_->on_error(error);
  sink_ = nullptr;
}

int64_t room_behind(const Prompt& prompt, const ServedModel& model) {
  const auto tokens = static_cast<int64_t>(prompt.tokens.size());
  if (tokens >= model.context()) {
    throw RequestError(
        400, fmt::format("the prompt has {} tokens, but the context has room for {}", tokens, model.context()),
        "messages");
  }
  return model.context() - tokens;
}

std::vector<EngineRequest> engine_requests(ServedModel& model, const ChatRequest& request,
                                           std::span<const Prompt> prompts) {
  const auto program = answer_program(request, model);
  const auto adapters = chosen_adapters(model, request);
  const auto seed = sampler_options(request.sampling, model).seed;
  std::vector<EngineRequest> requests;
  for (const auto& prompt : prompts) {
    EngineRequest one{.prompt = prompt.tokens,
                      .options = generation_options(request, model, room_behind(prompt, model)),
                      .adapters = adapters,
                      .top_log_probabilities = request.top_log_probabilities,
                      .score_prompt = request.scores_prompt};
    one.options.sampler.seed = seed;
    for (int64_t i = 0; i < request.choices; ++i) {
      requests.push_back(one);
      if (program)
        requests.back().options.constraint = std::make_shared<runtime::GrammarConstraint>(program, model.token_trie());
      ++one.options.sampler.seed;  // choices differ
      one.score_prompt = false;    // the first one's scores are all choices'
    }
  }
  return requests;
}

}  // namespace

void begin_generation(std::shared_ptr<ServedModel> model, const ChatRequest& request, std::shared_ptr<AnswerSink> sink,
                      HttpResponse& response) {
  model->engine();
  const auto prompts = prompts_of(*model, request);
  auto requests = engine_requests(*model, request, prompts);
  const auto generation = std::make_shared<Generation>(std::move(model), std::move(sink), requests.size(),
                                                       requests.size() / prompts.size());
  response.when_gone([weak = std::weak_ptr(generation)] {
    if (const auto alive = weak.lock()) alive->cancel();
  });
  generation->submit(std::move(requests), prompts);
}

}  // namespace adze::server
