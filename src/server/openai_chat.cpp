// POST /v1/chat/completions
#include <ctime>

#include "server/openai.h"
#include "server/openai_forms.h"
#include "server/openai_messages.h"
#include "server/request_error.h"
#include "server/request_readers.h"
#include "server/service.h"
#include "server/whole_answer.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::server {
namespace {

constexpr int64_t kMaxTopLogprobs = 20;

constexpr RequestField kFields[] = {
    {"model"},
    {"messages"},
    {"stream"},
    {"stream_options"},
    {"max_tokens"},
    {"max_completion_tokens"},
    {"n"},
    {"stop"},
    {"seed"},
    {"logit_bias"},
    {"logprobs"},
    {"top_logprobs"},
    {"response_format"},
    {"grammar"},
    {"tools"},
    {"tool_choice"},
    {"reasoning_effort"},
    {"chat_template_kwargs"},
    {"user", FieldUse::no_effect},
    {"metadata", FieldUse::no_effect},
    {"store", FieldUse::no_effect},
    {"service_tier", FieldUse::no_effect},
    {"safety_identifier", FieldUse::no_effect},
    {"prompt_cache_key", FieldUse::no_effect, "prefixes are shared anyway"},
    {"prompt_cache_retention", FieldUse::no_effect},
    {"prediction", FieldUse::no_effect, "it only makes answers faster"},
    {"parallel_tool_calls"},
    {"modalities", FieldUse::refused, "answers are text", "[\"text\"]"},
    {"audio", FieldUse::refused, "answers are text"},
    {"verbosity", FieldUse::refused, "say it in a message", "\"medium\""},
    {"web_search_options", FieldUse::refused, "nothing is fetched from the net"},
    {"functions", FieldUse::refused, "use tools"},
    {"function_call", FieldUse::refused, "use tool_choice", "\"none\""},
};

void read_response_format(const Fields& fields, AnswerConstraint& constraint) {
  if (const auto grammar = fields.text("grammar"); grammar && !grammar->empty()) {
    constraint = {.kind = AnswerKind::grammar, .schema = nullptr, .source = *grammar};
  }
  const Json* wanted = fields.object("response_format");
  if (wanted) read_openai_format(Fields(*wanted, "response_format"), constraint);
}

Json logprobs_json(const text::Tokenizer& tokenizer, std::span<const TokenScore> scores) {
  return {{"content", openai_logprobs(tokenizer, scores)}, {"refusal", nullptr}};
}

// A call, or what its arguments go on with.
Json call_json(const text::ToolCall& call) {
  if (call.name.empty()) return {{"function", {{"arguments", call.arguments}}}};
  return {{"id", random_id("call_")},
          {"type", "function"},
          {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

Json message_json(const text::AnswerPart& part) {
  Json message = {{"role", "assistant"}};
  message["content"] = part.content.empty() && !part.calls.empty() ? Json() : Json(part.content);
  message["refusal"] = nullptr;
  if (!part.thoughts.empty()) message["reasoning_content"] = part.thoughts;
  for (const auto& call : part.calls) message["tool_calls"].push_back(call_json(call));
  return message;
}

Json choice_json(const text::Tokenizer& tokenizer, size_t index, const FinishedChoice& choice, bool has_scores) {
  return {{"index", index},
          {"message", message_json(choice.part)},
          {"logprobs", has_scores ? logprobs_json(tokenizer, choice.scores) : Json()},
          {"finish_reason", openai_finish_reason(choice.end)}};
}

void answer_chat(const ExchangePtr& exchange, const std::shared_ptr<ServedModel>& model, const ChatRequest& request,
                 OpenAiHead head) {
  const bool has_scores = request.top_log_probabilities >= 0;
  auto document_of = [model, has_scores, head = std::move(head)](const FinishedAnswer& answer) {
    Json document = head.document();
    document["choices"] = Json::array();
    for (size_t i = 0; i < answer.choices.size(); ++i) {
      document["choices"].push_back(choice_json(model->tokenizer(), i, answer.choices[i], has_scores));
    }
    document["usage"] = openai_usage(answer.prompt_tokens(), answer.reused_tokens(), answer.generated_tokens());
    return document;
  };
  answer_whole(exchange, model, request, std::move(document_of));
}

class ChatStream : public AnswerSink {
 public:
  ChatStream(OpenAiStream stream, std::shared_ptr<ServedModel> model, const ChatRequest& request)
      : stream_(std::move(stream)),
        model_(std::move(model)),
        calls_(static_cast<size_t>(request.choices), 0),
        has_scores_(request.top_log_probabilities >= 0) {}

  void on_begin(int64_t) override {
    stream_.begin();
    for (size_t i = 0; i < calls_.size(); ++i) send(i, {{"role", "assistant"}, {"content", ""}}, {});
  }

  void on_delta(size_t choice, const AnswerDelta& delta) override {
    Json change = Json::object();
    if (!delta.part.thoughts.empty()) change["reasoning_content"] = delta.part.thoughts;
    if (!delta.part.content.empty() || (has_scores_ && !delta.scores.empty())) change["content"] = delta.part.content;
    for (const auto& call : delta.part.calls) {
      if (!call.name.empty()) ++calls_[choice];
      Json entry = {{"index", calls_[choice] - 1}};
      entry.update(call_json(call));
      change["tool_calls"].push_back(std::move(entry));
    }
    if (!change.empty()) send(choice, std::move(change), delta.scores);
  }

  void on_choice_end(size_t choice, const ChoiceEnd& end) override {
    stream_.count(end);
    stream_.send_choice({{"index", choice},
                         {"delta", Json::object()},
                         {"logprobs", nullptr},
                         {"finish_reason", openai_finish_reason(end)}});
  }
  void on_end() override { stream_.end(); }
  void on_error(const Error& error) override { stream_.fail(error); }

 private:
  void send(size_t choice, Json change, std::span<const TokenScore> scores) {
    stream_.send_choice({{"index", choice},
                         {"delta", std::move(change)},
                         {"logprobs", scores.empty() ? Json() : logprobs_json(model_->tokenizer(), scores)},
                         {"finish_reason", nullptr}});
  }

  OpenAiStream stream_;
  std::shared_ptr<ServedModel> model_;
  std::vector<int> calls_;  // by choice: those that have begun
  bool has_scores_;
};

bool includes_usage(const Json& body) {
  const Json* options = Fields(body).object("stream_options");
  return options && Fields(*options, "stream_options").flag("include_usage", false);
}

}  // namespace

ChatRequest read_openai_chat(const Json& body, int64_t max_choices) {
  const Fields fields(body);
  ChatRequest request;
  read_openai_generation(fields, max_choices, request);
  const Json* messages = fields.list("messages");
  request.messages = openai_messages(messages ? *messages : Json());
  if (fields.flag("logprobs", false)) {
    request.top_log_probabilities = fields.integer("top_logprobs", 0, kMaxTopLogprobs).value_or(0);
  } else if (fields.integer("top_logprobs", 0, kMaxTopLogprobs).value_or(0) > 0) {
    refuse_field("top_logprobs", "needs \"logprobs\": true");
  }
  read_response_format(fields, request.constraint);
  read_openai_tools(fields, request);
  request.streams_calls = request.stream;
  if (const Json* variables = fields.object("chat_template_kwargs")) request.template_variables = *variables;
  if (const auto effort = fields.text("reasoning_effort")) {
    if (!request.template_variables.is_object()) request.template_variables = Json::object();
    request.template_variables["reasoning_effort"] = *effort;
  }
  return request;
}

void post_openai_chat(const ExchangePtr& exchange) {
  static const auto kAllFields = with_sampler_fields(kFields);
  const Json body = parse_body(exchange->request().body);
  auto& service = exchange->service();
  service.check_fields(*exchange, body, kAllFields);
  const ChatRequest request = read_openai_chat(body, service.options().max_choices);
  const auto model = service.open_model(*exchange, request.model);
  OpenAiHead head{random_id("chatcmpl-"), request.stream ? "chat.completion.chunk" : "chat.completion",
                  static_cast<int64_t>(std::time(nullptr)), model->settings().name};
  if (!request.stream) return answer_chat(exchange, model, request, std::move(head));
  begin_generation(
      model, request,
      std::make_shared<ChatStream>(OpenAiStream(exchange, std::move(head), includes_usage(body)), model, request),
      exchange->response());
}

}  // namespace adze::server
