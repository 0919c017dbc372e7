// POST /v1/completions
#include <ctime>

#include "server/openai.h"
#include "server/request_error.h"
#include "server/request_readers.h"
#include "server/service.h"
#include "server/whole_answer.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::server {
namespace {

constexpr int64_t kMaxLogprobs = 20;
constexpr int64_t kDefaultMaxTokens = 16;  // OpenAI's

constexpr RequestField kFields[] = {
    {"model"},
    {"prompt"},
    {"stream"},
    {"stream_options"},
    {"max_tokens"},
    {"n"},
    {"stop"},
    {"seed"},
    {"logit_bias"},
    {"logprobs"},
    {"echo"},
    {"grammar"},
    {"user", FieldUse::no_effect},
    {"best_of", FieldUse::refused, "ask for n and choose", "1"},
    {"suffix", FieldUse::refused, "the text between two others is not completed", "\"\""},
};

void read_prompt(const Fields& fields, ChatRequest& request) {
  const Json* prompt = fields.find("prompt");
  if (!prompt) refuse_field("prompt", "is missing");
  if (prompt->is_array() && prompt->size() == 1 && !prompt->front().is_number()) prompt = &prompt->front();
  if (prompt->is_string()) {
    request.text = prompt->get<std::string>();
    return;
  }
  const auto is_token = [](const Json& token) {
    return token.is_number_unsigned() && token.get<uint64_t>() < INT32_MAX;
  };
  if (!prompt->is_array() || prompt->empty() || !std::ranges::all_of(*prompt, is_token)) {
    refuse_field("prompt", "must be one text or one list of tokens; send several prompts as several requests");
  }
  request.tokens = prompt->get<std::vector<int32_t>>();
}

// tokens, token_logprobs, top_logprobs and text_offset, side by side; offsets count characters.
class LogprobsText {
 public:
  LogprobsText(const text::Tokenizer& tokenizer, bool has_top) : tokenizer_(tokenizer), has_top_(has_top) {}

  void add(std::span<const TokenScore> scores) {
    for (const auto& score : scores) {
      if (!tokenizer_.is_end_of_generation(score.token)) add(score);
    }
  }

  Json take() {
    Json document = {{"tokens", std::move(tokens_)}, {"token_logprobs", std::move(logprobs_)}};
    document["top_logprobs"] = has_top_ ? std::move(top_) : Json();
    document["text_offset"] = std::move(offsets_);
    tokens_ = logprobs_ = top_ = offsets_ = Json::array();
    return document;
  }

 private:
  void add(const TokenScore& score) {
    const auto text = token_spelling(tokenizer_, score.token);
    const auto& known = score.probabilities;
    tokens_.push_back(text);
    logprobs_.push_back(known.empty() ? Json() : Json(std::max(known.front().log_probability, -9999.0F)));
    Json top = known.empty() ? Json() : Json::object();
    for (size_t i = 1; i < known.size(); ++i) {
      top[token_spelling(tokenizer_, known[i].token)] = std::max(known[i].log_probability, -9999.0F);
    }
    top_.push_back(std::move(top));
    offsets_.push_back(offset_);
    offset_ += std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  }

  const text::Tokenizer& tokenizer_;
  bool has_top_;
  Json tokens_ = Json::array();
  Json logprobs_ = Json::array();
  Json top_ = Json::array();
  Json offsets_ = Json::array();
  int64_t offset_ = 0;
};

// The prompt as it is said again in front of the answer.
std::string echoed(const ServedModel& model, const ChatRequest& request, bool echoes) {
  if (!echoes) return {};
  return request.text ? *request.text : model.tokenizer().decode(request.tokens, {.skip_special = true});
}

void answer_completion(const ExchangePtr& exchange, const std::shared_ptr<ServedModel>& model,
                       const ChatRequest& request, std::string echo, OpenAiHead head) {
  const auto top = request.top_log_probabilities;
  auto document_of = [model, top, echo = std::move(echo), head = std::move(head)](const FinishedAnswer& answer) {
    Json document = head.document();
    document["choices"] = Json::array();
    for (size_t i = 0; i < answer.choices.size(); ++i) {
      const auto& choice = answer.choices[i];
      LogprobsText scores(model->tokenizer(), top > 0);
      scores.add(answer.prompt);
      scores.add(choice.scores);
      document["choices"].push_back({{"index", i},
                                     {"text", echo + choice.part.content},
                                     {"logprobs", top >= 0 ? scores.take() : Json()},
                                     {"finish_reason", openai_finish_reason(choice.end)}});
    }
    document["usage"] = openai_usage(answer.prompt_tokens(), answer.reused_tokens(), answer.generated_tokens());
    return document;
  };
  answer_whole(exchange, model, request, std::move(document_of));
}

class CompletionStream : public AnswerSink {
 public:
  CompletionStream(OpenAiStream stream, const std::shared_ptr<ServedModel>& model, const ChatRequest& request,
                   std::string echo)
      : stream_(std::move(stream)), model_(model), echo_(std::move(echo)), top_(request.top_log_probabilities) {
    for (int64_t i = 0; i < request.choices; ++i) scores_.emplace_back(model_->tokenizer(), top_ > 0);
  }

  void on_begin(int64_t) override {
    stream_.begin();
    if (echo_.empty() || top_ >= 0) return;  // with the prompt's scores, if they are to come
    for (size_t i = 0; i < scores_.size(); ++i) send(i, echo_, Json());
  }

  void on_prompt(std::vector<TokenScore> prompt) override {
    for (size_t i = 0; i < scores_.size(); ++i) {
      scores_[i].add(prompt);
      send(i, echo_, scores_[i].take());
    }
  }

  void on_delta(size_t choice, const AnswerDelta& delta) override {
    if (delta.part.content.empty() && delta.scores.empty()) return;
    scores_[choice].add(delta.scores);
    send(choice, delta.part.content, delta.scores.empty() ? Json() : scores_[choice].take());
  }

  void on_choice_end(size_t choice, const ChoiceEnd& end) override {
    stream_.count(end.summary);
    stream_.send_choice(
        {{"index", choice}, {"text", ""}, {"logprobs", nullptr}, {"finish_reason", openai_finish_reason(end)}});
  }
  void on_end() override { stream_.end(); }
  void on_error(const Error& error) override { stream_.fail(error); }

 private:
  void send(size_t choice, const std::string& text, Json logprobs) {
    stream_.send_choice(
        {{"index", choice}, {"text", text}, {"logprobs", std::move(logprobs)}, {"finish_reason", nullptr}});
  }

  OpenAiStream stream_;
  std::shared_ptr<ServedModel> model_;
  std::string echo_;
  int64_t top_;
  std::vector<LogprobsText> scores_;
};

}  // namespace

ChatRequest read_openai_completion(const Json& body, int64_t max_choices) {
  const Fields fields(body);
  ChatRequest request;
  read_openai_generation(fields, max_choices, request);
  if (!request.max_tokens && !fields.find("max_tokens")) request.max_tokens = kDefaultMaxTokens;
  read_prompt(fields, request);
  request.top_log_probabilities = fields.integer("logprobs", 0, kMaxLogprobs).value_or(-1);
  request.scores_prompt = fields.flag("echo", false) && request.top_log_probabilities >= 0;
  request.splits_thoughts = false;
  if (const auto grammar = fields.text("grammar"); grammar && !grammar->empty()) {
    request.constraint = {.kind = AnswerKind::grammar, .schema = nullptr, .source = *grammar};
  }
  return request;
}

void post_openai_completion(const ExchangePtr& exchange) {
  static const auto kAllFields = with_sampler_fields(kFields);
  const Json body = parse_body(exchange->request().body);
  auto& service = exchange->service();
  service.check_fields(*exchange, body, kAllFields);
  const ChatRequest request = read_openai_completion(body, service.options().max_choices);
  const auto model = service.open_model(*exchange, request.model);
  const Fields fields(body);
  std::string echo = echoed(*model, request, fields.flag("echo", false));
  OpenAiHead head{random_id("cmpl-"), "text_completion", static_cast<int64_t>(std::time(nullptr)),
                  model->settings().name};
  if (!request.stream) return answer_completion(exchange, model, request, std::move(echo), std::move(head));
  const Json* options = fields.object("stream_options");
  const bool includes_usage = options && Fields(*options, "stream_options").flag("include_usage", false);
  begin_generation(model, request,
                   std::make_shared<CompletionStream>(OpenAiStream(exchange, std::move(head), includes_usage), model,
                                                      request, std::move(echo)),
                   exchange->response());
}

}  // namespace adze::server
