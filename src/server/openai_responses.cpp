// POST /v1/responses, GET and DELETE /v1/responses/{model}
#include "server/openai_responses.h"

#include <ctime>

#include "server/openai.h"
#include "server/openai_forms.h"
#include "server/openai_response_items.h"
#include "server/request_error.h"
#include "server/service.h"

namespace adze::server {
namespace {

constexpr int64_t kMaxTopLogprobs = 20;
constexpr std::string_view kIncludedLogprobs = "message.output_text.logprobs";

constexpr RequestField kFields[] = {
    {"model"},
    {"input"},
    {"instructions"},
    {"previous_response_id"},
    {"store"},
    {"stream"},
    {"max_output_tokens"},
    {"temperature"},
    {"top_p"},
    {"top_logprobs"},
    {"include"},
    {"text"},
    {"tools"},
    {"tool_choice"},
    {"reasoning"},
    {"metadata"},
    {"user", FieldUse::no_effect},
    {"stream_options", FieldUse::no_effect},
    {"service_tier", FieldUse::no_effect},
    {"safety_identifier", FieldUse::no_effect},
    {"prompt_cache_key", FieldUse::no_effect, "prefixes are shared anyway"},
    {"prompt_cache_retention", FieldUse::no_effect},
    {"prompt_cache_options", FieldUse::no_effect},
    {"background", FieldUse::refused, "answers are made while the client waits"},
    {"conversation", FieldUse::refused, "use previous_response_id"},
    {"context_management", FieldUse::refused, "the conversation is taken as it comes"},
    {"max_tool_calls", FieldUse::refused, "the client itself calls tools"},
    {"parallel_tool_calls"},
    {"prompt", FieldUse::refused, "there are no stored prompts"},
    {"truncation", FieldUse::refused, "what does not fit is refused", "\"disabled\""},
};

constexpr RequestField kTextFields[] = {
    {"format"},
    {"verbosity", FieldUse::refused, "say it in a message", "\"medium\""},
};

void read_text(const Fields& fields, ChatRequest& request) {
  const Json* text = fields.object("text");
  if (!text) return;
  check_fields(*text, kTextFields, false);
  const Json* format = Fields(*text, "text").object("format");
  if (format) read_openai_format(Fields(*format, "text.format"), request.constraint);
}

void read_scores(const Fields& fields, ChatRequest& request) {
  const auto top = fields.integer("top_logprobs", 0, kMaxTopLogprobs);
  const auto included = fields.texts("include", 16);
  const bool includes = std::ranges::find(included, kIncludedLogprobs) != included.end();
  if (includes || top.value_or(0) > 0) request.top_log_probabilities = top.value_or(0);
}

void read_reasoning(const Fields& fields, ChatRequest& request) {
  const Json* reasoning = fields.object("reasoning");
  if (!reasoning) return;
  if (const auto effort = Fields(*reasoning, "reasoning").text("effort")) {
    request.template_variables = {{"reasoning_effort", *effort}};
  }
}

// The conversation so far in front of the new turn, and the instructions, which hold for one response, in front of all.
void join_turns(ResponseRequest& request, const StoredResponse* previous) {
  Json& messages = request.chat.messages;
  if (previous) {
    Json turns = previous->turns;
    for (auto& message : messages) turns.push_back(std::move(message));
    messages = std::move(turns);
  }
  request.turns = messages;
  if (request.instructions.empty()) return;
  if (messages.front().value("role", "") == "system") {
    messages.front()["content"] = request.instructions + "\n\n" + messages.front().value("content", "");
  } else {
    messages.insert(messages.begin(), Json{{"role", "system"}, {"content", request.instructions}});
  }
}

// What each document of the response repeats of its request, in the order of OpenAI's.
Json head_of(const Json& body, const ResponseRequest& request, const std::string& model) {
  const Fields fields(body);
  const auto said = [&](std::string_view name, Json otherwise) {
    const Json* value = fields.find(name);
    return value ? *value : std::move(otherwise);
  };
  Json text = said("text", Json::object());
  if (!text.contains("format")) text["format"] = {{"type", "text"}};
  return {{"id", random_id("resp_")},
          {"object", "response"},
          {"created_at", std::time(nullptr)},
          {"status", "in_progress"},
          {"background", false},
          {"error", nullptr},
          {"incomplete_details", nullptr},
          {"instructions", said("instructions", nullptr)},
          {"max_output_tokens", said("max_output_tokens", nullptr)},
          {"metadata", said("metadata", Json::object())},
          {"model", model},
          {"output", Json::array()},
          {"parallel_tool_calls", true},
          {"previous_response_id", said("previous_response_id", nullptr)},
          {"reasoning", said("reasoning", {{"effort", nullptr}, {"summary", nullptr}})},
          {"store", request.is_stored},
          {"temperature", said("temperature", nullptr)},
          {"text", std::move(text)},
          {"tool_choice", said("tool_choice", "auto")},
          {"tools", said("tools", Json::array())},
          {"top_logprobs", said("top_logprobs", 0)},
          {"top_p", said("top_p", nullptr)},
          {"truncation", "disabled"},
          {"usage", nullptr}};
}

Json usage_of(const runtime::RequestSummary& summary, int64_t reasoning_tokens) {
  return {
      {"input_tokens", summary.prompt_tokens},
      {"input_tokens_details", {{"cached_tokens", summary.reused_prompt_tokens}, {"cache_write_tokens", 0}}},
      {"output_tokens", summary.generated_tokens},
      {"output_tokens_details", {{"reasoning_tokens", reasoning_tokens}}},
      {"total_tokens", summary.prompt_tokens + summary.generated_tokens},
  };
}

bool is_cut_off(runtime::StopReason reason) {
  using runtime::StopReason;
  return reason == StopReason::max_tokens || reason == StopReason::context_full || reason == StopReason::time_limit;
}

// Whole or as a stream: the same items, built up in the same way.
class ResponseSink : public AnswerSink {
 public:
  ResponseSink(ExchangePtr exchange, std::shared_ptr<ServedModel> model, const ResponseRequest& request, Json head)
      : exchange_(std::move(exchange)),
        model_(std::move(model)),
        streams_(request.chat.stream),
        is_stored_(request.is_stored),
        turns_(request.turns),
        document_(std::move(head)),
        output_([this](std::string_view type, Json members) { tell(type, std::move(members)); }) {}

  void on_begin(int64_t) override {
    if (!streams_) return;
    exchange_->response().add_header("Cache-Control", "no-cache");
    exchange_->response().begin_stream("text/event-stream");
    tell("response.created", {{"response", document_}});
    tell("response.in_progress", {{"response", document_}});
  }

  void on_delta(size_t, const AnswerDelta& delta) override {
    if (delta.token >= 0) ++tokens_;
    if (!delta.part.thoughts.empty()) reasoning_tokens_ = tokens_;
    text::append(answer_, delta.part);
    output_.add(delta.part, openai_logprobs(model_->tokenizer(), delta.scores));
  }

  void on_choice_end(size_t, const ChoiceEnd& end) override {
    const bool is_whole = !is_cut_off(end.summary.reason);
    output_.close(is_whole);
    exchange_->prompt_tokens = end.summary.prompt_tokens;
    exchange_->generated_tokens = end.summary.generated_tokens;
    document_["status"] = is_whole ? "completed" : "incomplete";
    if (!is_whole) document_["incomplete_details"] = {{"reason", "max_output_tokens"}};
    document_["completed_at"] = std::time(nullptr);
    document_["output"] = output_.items();
    document_["usage"] = usage_of(end.summary, reasoning_tokens_);
  }

  void on_end() override {
    if (is_stored_) store();
    if (!streams_) return exchange_->send_json(200, document_);
    const bool is_whole = document_["status"] == "completed";
    tell(is_whole ? "response.completed" : "response.incomplete", {{"response", document_}});
    exchange_->response().end_stream();
  }

  void on_error(const Error& error) override {
    exchange_->send_error(error);
    if (!streams_) return;
    document_["status"] = "failed";
    document_["error"] = {{"code", "server_error"}, {"message", refusal_of(error).message}};
    tell("response.failed", {{"response", document_}});
    exchange_->response().end_stream();
  }

 private:
  void tell(std::string_view type, Json members) {
    if (!streams_) return;
    Json event = {{"type", type}, {"sequence_number", events_++}};
    event.update(members);
    exchange_->response().write(fmt::format("event: {}\ndata: {}\n\n", type, to_text(event)));
  }

  void store() {
    turns_.push_back(message_of_answer(answer_));
    exchange_->service().responses().keep({.id = document_["id"].get<std::string>(),
                                           .owner = exchange_->key_name,
                                           .document = document_,
                                           .turns = std::move(turns_)});
  }

  ExchangePtr exchange_;
  std::shared_ptr<ServedModel> model_;
  bool streams_, is_stored_;
  Json turns_;
  Json document_;
  ResponseOutput output_;
  text::AnswerPart answer_;
  int64_t tokens_ = 0;
  int64_t reasoning_tokens_ = 0;
  int64_t events_ = 0;
};

std::shared_ptr<const StoredResponse> previous_of(Exchange& exchange, const ResponseRequest& request) {
  if (request.previous_id.empty()) return nullptr;
  auto found = exchange.service().responses().find(request.previous_id, exchange.key_name);
  if (!found) {
    refuse_field("previous_response_id", "there is no response '{}'; it was not stored, or is forgotten by now",
                 request.previous_id);
  }
  return found;
}

[[noreturn]] void fail_unknown(const Exchange& exchange) {
  throw RequestError(404, fmt::format("there is no response '{}'", exchange.captured), "response_id");
}

}  // namespace

ResponseRequest read_openai_response(const Json& body) {
  const Fields fields(body);
  ResponseRequest request;
  ChatRequest& chat = request.chat;
  chat.model = fields.text("model").value_or("");
  chat.stream = fields.flag("stream", false);
  chat.max_tokens = fields.integer("max_output_tokens", 1, int64_t{1} << 40);
  for (const char* name : {"temperature", "top_p"}) {
    if (const auto number = fields.number(name)) chat.sampling.set(name, *number);
  }
  const Json* input = fields.find("input");
  chat.messages = messages_of_items(input ? *input : Json());
  request.instructions = fields.text("instructions").value_or("");
  request.previous_id = fields.text("previous_response_id").value_or("");
  request.is_stored = fields.flag("store", true);
  read_text(fields, chat);
  read_openai_tools(fields, chat);
  chat.streams_calls = chat.stream;
  read_scores(fields, chat);
  read_reasoning(fields, chat);
  return request;
}

void post_openai_response(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  auto& service = exchange->service();
  service.check_fields(*exchange, body, kFields);
  ResponseRequest request = read_openai_response(body);
  request.is_stored = request.is_stored && service.responses().keeps_any();
  join_turns(request, previous_of(*exchange, request).get());
  const auto model = service.open_model(*exchange, request.chat.model);
  Json head = head_of(body, request, model->settings().name);
  begin_generation(model, request.chat, std::make_shared<ResponseSink>(exchange, model, request, std::move(head)),
                   exchange->response());
}

void get_openai_response(const ExchangePtr& exchange) {
  const auto found = exchange->service().responses().find(exchange->captured, exchange->key_name);
  if (!found) fail_unknown(*exchange);
  exchange->send_json(200, found->document);
}

void delete_openai_response(const ExchangePtr& exchange) {
  if (!exchange->service().responses().forget(exchange->captured, exchange->key_name)) fail_unknown(*exchange);
  exchange->send_json(200, {{"id", exchange->captured}, {"object", "response"}, {"deleted", true}});
}

}  // namespace adze::server
