#include "server/whole_answer.h"

#include <utility>

namespace adze::server {
namespace {

class WholeAnswer : public AnswerSink {
 public:
  WholeAnswer(ExchangePtr exchange, size_t choices, std::function<Json(const FinishedAnswer&)> document_of)
      : exchange_(std::move(exchange)), document_of_(std::move(document_of)) {
    answer_.choices.resize(choices);
  }

  void on_prompt(size_t choice, std::vector<TokenScore> prompt) override {
    answer_.choices[choice].prompt = std::move(prompt);
  }
  void on_choice_end(size_t choice, const ChoiceEnd& end) override { answer_.choices[choice].end = end; }
  void on_error(const Error& error) override { exchange_->send_error(error); }

  void on_delta(size_t choice, const AnswerDelta& delta) override {
    auto& gathered = answer_.choices[choice];
    text::append(gathered.part, delta.part);
    if (delta.token >= 0) gathered.tokens.push_back(delta.token);
    gathered.scores.insert(gathered.scores.end(), delta.scores.begin(), delta.scores.end());
  }

  void on_end() override {
    const Json document = document_of_(answer_);
    exchange_->prompt_tokens = answer_.prompt_tokens();
    exchange_->generated_tokens = answer_.generated_tokens();
    exchange_->send_json(200, document);
  }

 private:
  ExchangePtr exchange_;
  std::function<Json(const FinishedAnswer&)> document_of_;
  FinishedAnswer answer_;
};

}  // namespace

int64_t FinishedAnswer::prompt_tokens() const {
  int64_t tokens = 0;
  for (const auto& choice : choices) tokens += choice.end.counts_prompt ? choice.end.summary.prompt_tokens : 0;
  return tokens;
}

int64_t FinishedAnswer::reused_tokens() const {
  int64_t tokens = 0;
  for (const auto& choice : choices) tokens += choice.end.counts_prompt ? choice.end.summary.reused_prompt_tokens : 0;
  return tokens;
}

int64_t FinishedAnswer::generated_tokens() const {
  int64_t tokens = 0;
  for (const auto& choice : choices) tokens += choice.end.summary.generated_tokens;
  return tokens;
}

void answer_whole(const ExchangePtr& exchange, const std::shared_ptr<ServedModel>& model, const ChatRequest& request,
                  std::function<Json(const FinishedAnswer&)> document_of) {
  auto sink = std::make_shared<WholeAnswer>(exchange, request.all_choices(), std::move(document_of));
  begin_generation(model, request, std::move(sink), exchange->response());
}

}  // namespace adze::server
