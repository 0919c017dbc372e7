// POST /completion, llama-server's own. // lint: foreign names: llama-server
#include "server/llama_completion.h"

#include "server/openai.h"
#include "server/request_error.h"
#include "server/request_readers.h"
#include "server/service.h"
#include "server/whole_answer.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::server {
namespace {

constexpr int64_t kMaxProbabilities = 100;

// Of whatever continues a text.
constexpr RequestField kSharedFields[] = {
    {"model"},
    {"n_predict"},
    {"max_tokens"},
    {"stream"},
    {"stop"},
    {"seed"},
    {"logit_bias"},
    {"grammar"},
    {"json_schema"},
    {"n_probs"},
    {"return_tokens"},
    {"cache_prompt", FieldUse::no_effect, "prefixes are shared anyway"},
    {"id_slot", FieldUse::no_effect, "there are no slots"},
    {"n_keep", FieldUse::no_effect, "what does not fit is refused, not forgotten"},
    {"t_max_predict_ms", FieldUse::refused, "", "0"},
    {"n_indent", FieldUse::refused, "", "0"},
    {"image_data", FieldUse::refused, "only text is understood"},
    {"post_sampling_probs", FieldUse::refused, "probabilities are those of the model"},
};

constexpr RequestField kFields[] = {
    {"prompt"},
    {"input_prefix", FieldUse::refused, "use /infill", "\"\""},
    {"input_suffix", FieldUse::refused, "use /infill", "\"\""},
};

Json probability_json(const text::Tokenizer& tokenizer, const runtime::TokenProbability& known) {
  return {{"id", known.token},
          {"token", token_spelling(tokenizer, known.token)},
          {"logprob", std::max(known.log_probability, -9999.0F)}};
}

Json probabilities_json(const text::Tokenizer& tokenizer, std::span<const TokenScore> scores) {
  Json list = Json::array();
  for (const auto& score : scores) {
    if (tokenizer.is_end_of_generation(score.token)) continue;
    Json entry = probability_json(tokenizer, score.probabilities.front());
    entry["top_logprobs"] = Json::array();
    for (const auto& other : std::span(score.probabilities).subspan(1)) {
      entry["top_logprobs"].push_back(probability_json(tokenizer, other));
    }
    list.push_back(std::move(entry));
  }
  return list;
}

std::string_view stop_type(runtime::StopReason reason) {
  using runtime::StopReason;
  if (reason == StopReason::end_token || reason == StopReason::complete) return "eos";
  return reason == StopReason::stop_text ? "word" : "limit";
}

double per_second(int64_t tokens, double seconds) { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0; }

Json timings(const runtime::RequestSummary& summary) {
  const int64_t fed = summary.prompt_tokens - summary.reused_prompt_tokens;
  return {{"cache_n", summary.reused_prompt_tokens},
          {"prompt_n", fed},
          {"prompt_ms", summary.prompt_seconds * 1000},
          {"prompt_per_second", per_second(fed, summary.prompt_seconds)},
          {"predicted_n", summary.generated_tokens},
          {"predicted_ms", summary.generation_seconds * 1000},
          {"predicted_per_second", per_second(summary.generated_tokens - 1, summary.generation_seconds)}};
}

Json end_json(const ServedModel& model, const runtime::RequestSummary& summary) {
  return {{"stop", true},
          {"model", model.settings().name},
          {"tokens_predicted", summary.generated_tokens},
          {"tokens_evaluated", summary.prompt_tokens},
          {"truncated", false},
          {"stop_type", stop_type(summary.reason)},
          {"stopping_word", summary.stop_text},
          {"tokens_cached", summary.prompt_tokens + summary.generated_tokens},
          {"timings", timings(summary)}};
}

class CompletionStream : public AnswerSink {
 public:
  CompletionStream(ExchangePtr exchange, std::shared_ptr<ServedModel> model, const ChatRequest& request)
      : exchange_(std::move(exchange)), model_(std::move(model)), has_scores_(request.top_log_probabilities >= 0) {}

  void on_begin(int64_t) override { exchange_->response().begin_stream("text/event-stream"); }

  void on_delta(size_t, const AnswerDelta& delta) override {
    if (delta.part.content.empty() && delta.scores.empty()) return;
    Json event = {{"index", 0}, {"content", delta.part.content}, {"stop", false}};
    event["tokens"] = delta.token >= 0 ? Json::array({delta.token}) : Json::array();
    if (has_scores_) event["completion_probabilities"] = probabilities_json(model_->tokenizer(), delta.scores);
    send(event);
  }

  void on_choice_end(size_t, const ChoiceEnd& end) override {
    exchange_->prompt_tokens = end.summary.prompt_tokens;
    exchange_->generated_tokens = end.summary.generated_tokens;
    Json event = {{"index", 0}, {"content", ""}, {"tokens", Json::array()}};
    event.update(end_json(*model_, end.summary));
    send(event);
  }

  void on_end() override { exchange_->response().end_stream(); }

  void on_error(const Error& error) override {
    exchange_->send_error(error);
    send(error_document(Dialect::llama_server, error, exchange_->id()));
    exchange_->response().end_stream();
  }

 private:
  void send(const Json& event) { exchange_->response().write("data: " + to_text(event) + "\n\n"); }

  ExchangePtr exchange_;
  std::shared_ptr<ServedModel> model_;
  bool has_scores_;
};

}  // namespace

std::vector<RequestField> llama_completion_fields(std::span<const RequestField> own) {
  auto fields = with_sampler_fields(kSharedFields);
  fields.insert(fields.end(), own.begin(), own.end());
  return fields;
}

ChatRequest read_llama_generation(const Fields& fields) {
  ChatRequest request;
  read_openai_generation(fields, 1, request);
  const auto most = fields.integer("n_predict", -2, int64_t{1} << 40);
  if (most && *most >= 0) request.max_tokens = *most;
  const int64_t probabilities = fields.integer("n_probs", 0, kMaxProbabilities).value_or(0);
  request.top_log_probabilities = probabilities > 0 ? probabilities : -1;
  request.splits_thoughts = false;
  if (const auto grammar = fields.text("grammar"); grammar && !grammar->empty()) {
    request.constraint = {.kind = AnswerKind::grammar, .schema = nullptr, .source = *grammar};
  }
  if (const Json* schema = fields.find("json_schema"); schema && !schema->empty()) {
    request.constraint = {.kind = AnswerKind::json_schema, .schema = *schema, .source = {}};
  }
  return request;
}

void answer_llama_completion(const ExchangePtr& exchange, const std::shared_ptr<ServedModel>& model,
                             const ChatRequest& request, bool returns_tokens) {
  if (request.stream) {
    return begin_generation(model, request, std::make_shared<CompletionStream>(exchange, model, request),
                            exchange->response());
  }
  auto document_of = [model, request, returns_tokens](const FinishedAnswer& answer) {
    const auto& choice = answer.choices.front();
    Json document = {{"index", 0}, {"content", choice.part.content}, {"tokens", Json::array()}};
    if (returns_tokens) document["tokens"] = choice.tokens;
    document.update(end_json(*model, choice.end.summary));
    const auto& prompt = request.prompts.front();
    document["prompt"] = prompt.text ? *prompt.text : model->tokenizer().decode(prompt.tokens);
    if (!choice.scores.empty())
      document["completion_probabilities"] = probabilities_json(model->tokenizer(), choice.scores);
    return document;
  };
  answer_whole(exchange, model, request, std::move(document_of));
}

ChatRequest read_llama_completion(const Json& body) {
  const Fields fields(body);
  ChatRequest request = read_llama_generation(fields);
  request.prompts = read_plain_prompts(fields, 1);
  return request;
}

void post_llama_completion(const ExchangePtr& exchange) {
  static const auto kAllFields = llama_completion_fields(kFields);
  const Json body = parse_body(exchange->request().body);
  auto& service = exchange->service();
  service.check_fields(*exchange, body, kAllFields);
  const ChatRequest request = read_llama_completion(body);
  const auto model = service.open_model(*exchange, request.model);
  answer_llama_completion(exchange, model, request, Fields(body).flag("return_tokens", false));
}

}  // namespace adze::server
