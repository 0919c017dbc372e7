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
constexpr size_t kMaxPrompts = 512;        // and answers: well below what the engine lets wait

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

// tokens, token_logprobs, top_logprobs and text_offset, side by side; offsets count characters. The token that ends an
// answer is there: clients count on as many entries as tokens.
class LogprobsText {
 public:
  LogprobsText(const text::Tokenizer& tokenizer, bool has_top) : tokenizer_(tokenizer), has_top_(has_top) {}

  void add(std::span<const TokenScore> scores) {
    for (const auto& score : scores) add(score);
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

// Each prompt as it is said again in front of its answers.
std::vector<std::string> echoes_of(const ServedModel& model, const ChatRequest& request, bool echoes) {
  std::vector<std::string> texts;
  for (const auto& prompt : request.prompts) {
    texts.push_back(!echoes       ? ""
                    : prompt.text ? *prompt.text
                                  : model.tokenizer().decode(prompt.tokens, {.skip_special = true}));
  }
  return texts;
}

void answer_completion(const ExchangePtr& exchange, const std::shared_ptr<ServedModel>& model,
                       const ChatRequest& request, std::vector<std::string> echoes, OpenAiHead head) {
  const auto top = request.top_log_probabilities;
  const auto per_prompt = static_cast<size_t>(request.choices);
  auto document_of = [model, top, per_prompt, echoes = std::move(echoes),
                      head = std::move(head)](const FinishedAnswer& answer) {
    Json document = head.document();
    document["choices"] = Json::array();
    for (size_t i = 0; i < answer.choices.size(); ++i) {
      const auto& choice = answer.choices[i];
      LogprobsText scores(model->tokenizer(), top > 0);
      scores.add(choice.prompt);
      scores.add(choice.scores);
      document["choices"].push_back({{"index", i},
                                     {"text", echoes[i / per_prompt] + choice.part.content},
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
                   std::vector<std::string> echoes)
      : stream_(std::move(stream)),
        model_(model),
        echoes_(std::move(echoes)),
        scores_prompt_(request.scores_prompt),
        scores_(request.all_choices(), LogprobsText(model_->tokenizer(), request.top_log_probabilities > 0)) {}

  void on_begin(int64_t) override {
    stream_.begin();
    if (scores_prompt_) return;  // with them
    for (size_t i = 0; i < scores_.size(); ++i) {
      if (!echo(i).empty()) send(i, echo(i), Json());
    }
  }

  void on_prompt(size_t choice, std::vector<TokenScore> prompt) override {
    scores_[choice].add(prompt);
    send(choice, echo(choice), scores_[choice].take());
  }

  void on_delta(size_t choice, const AnswerDelta& delta) override {
    if (delta.part.content.empty() && delta.scores.empty()) return;
    scores_[choice].add(delta.scores);
    send(choice, delta.part.content, delta.scores.empty() ? Json() : scores_[choice].take());
  }

  void on_choice_end(size_t choice, const ChoiceEnd& end) override {
    stream_.count(end);
    stream_.send_choice(
        {{"index", choice}, {"text", ""}, {"logprobs", nullptr}, {"finish_reason", openai_finish_reason(end)}});
  }
  void on_end() override { stream_.end(); }
  void on_error(const Error& error) override { stream_.fail(error); }

 private:
  const std::string& echo(size_t choice) const { return echoes_[choice / (scores_.size() / echoes_.size())]; }

  void send(size_t choice, const std::string& text, Json logprobs) {
    stream_.send_choice(
        {{"index", choice}, {"text", text}, {"logprobs", std::move(logprobs)}, {"finish_reason", nullptr}});
  }

  OpenAiStream stream_;
  std::shared_ptr<ServedModel> model_;
  std::vector<std::string> echoes_;  // by prompt
  bool scores_prompt_;
  std::vector<LogprobsText> scores_;  // by choice
};

}  // namespace

ChatRequest read_openai_completion(const Json& body, int64_t max_choices) {
  const Fields fields(body);
  ChatRequest request;
  read_openai_generation(fields, max_choices, request);
  if (!request.max_tokens && !fields.find("max_tokens")) request.max_tokens = kDefaultMaxTokens;
  request.prompts = read_plain_prompts(fields, kMaxPrompts);
  if (request.all_choices() > kMaxPrompts) {
    refuse_field("n", "asks for {} answers, at most {} are allowed", request.all_choices(), kMaxPrompts);
  }
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
  auto echoes = echoes_of(*model, request, fields.flag("echo", false));
  OpenAiHead head{random_id("cmpl-"), "text_completion", static_cast<int64_t>(std::time(nullptr)),
                  model->settings().name};
  if (!request.stream) return answer_completion(exchange, model, request, std::move(echoes), std::move(head));
  const Json* options = fields.object("stream_options");
  const bool includes_usage = options && Fields(*options, "stream_options").flag("include_usage", false);
  begin_generation(model, request,
                   std::make_shared<CompletionStream>(OpenAiStream(exchange, std::move(head), includes_usage), model,
                                                      request, std::move(echoes)),
                   exchange->response());
}

}  // namespace adze::server
