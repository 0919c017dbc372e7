// POST /v1/messages and /v1/messages/count_tokens
#include "server/generation.h"
#include "server/openai.h"
#include "server/prompt.h"
#include "server/request_readers.h"
#include "server/service.h"
#include "server/whole_answer.h"

namespace adze::server {
namespace {

constexpr RequestField kFields[] = {
    {"model"},
    {"messages"},
    {"system"},
    {"max_tokens"},
    {"stop_sequences"},
    {"stream"},
    {"temperature"},
    {"top_p"},
    {"top_k"},
    {"tools"},
    {"tool_choice"},
    {"thinking"},
    {"metadata", FieldUse::no_effect},
    {"service_tier", FieldUse::no_effect},
    {"container", FieldUse::refused, "there are no containers"},
    {"mcp_servers", FieldUse::refused, "nothing is fetched from the net"},
    {"context_management", FieldUse::refused, "the conversation is taken as it comes"},
};

Json stop_of(const ChoiceEnd& end) {
  using runtime::StopReason;
  if (end.has_calls) return {{"stop_reason", "tool_use"}, {"stop_sequence", nullptr}};
  switch (end.summary.reason) {
    case StopReason::end_token:
    case StopReason::complete:
      return {{"stop_reason", "end_turn"}, {"stop_sequence", nullptr}};
    case StopReason::stop_text:
      return {{"stop_reason", "stop_sequence"}, {"stop_sequence", end.summary.stop_text}};
    default:
      return {{"stop_reason", "max_tokens"}, {"stop_sequence", nullptr}};
  }
}

Json usage_of(const runtime::RequestSummary& summary) {
  return {{"input_tokens", summary.prompt_tokens - summary.reused_prompt_tokens},
          {"cache_creation_input_tokens", 0},
          {"cache_read_input_tokens", summary.reused_prompt_tokens},
          {"output_tokens", summary.generated_tokens}};
}

Json call_json(const text::ToolCall& call, Json input) {
  return {{"type", "tool_use"}, {"id", random_id("toolu_")}, {"name", call.name}, {"input", std::move(input)}};
}

Json content_json(const text::AnswerPart& part) {
  Json content = Json::array();
  if (!part.thoughts.empty()) content.push_back({{"type", "thinking"}, {"thinking", part.thoughts}, {"signature", ""}});
  if (!part.content.empty() || (part.calls.empty() && part.thoughts.empty())) {
    content.push_back({{"type", "text"}, {"text", part.content}});
  }
  for (const auto& call : part.calls) content.push_back(call_json(call, Json::parse(call.arguments)));
  return content;
}

Json message_head(const std::string& model) {
  return {{"id", random_id("msg_")}, {"type", "message"}, {"role", "assistant"}, {"model", model}};
}

void answer_message(const ExchangePtr& exchange, const std::shared_ptr<ServedModel>& model,
                    const ChatRequest& request) {
  auto document_of = [model](const FinishedAnswer& answer) {
    const auto& choice = answer.choices.front();
    Json document = message_head(model->settings().name);
    document["content"] = content_json(choice.part);
    document.update(stop_of(choice.end));
    document["usage"] = usage_of(choice.end.summary);
    return document;
  };
  answer_whole(exchange, model, request, std::move(document_of));
}

// Blocks of thoughts and text follow each other; each call is a block of its own.
class MessageStream : public AnswerSink {
 public:
  MessageStream(ExchangePtr exchange, std::shared_ptr<ServedModel> model)
      : exchange_(std::move(exchange)), model_(std::move(model)) {}

  void on_begin(int64_t prompt_tokens) override {
    exchange_->response().add_header("Cache-Control", "no-cache");
    exchange_->response().begin_stream("text/event-stream");
    Json message = message_head(model_->settings().name);
    message["content"] = Json::array();
    message.update(Json{{"stop_reason", nullptr}, {"stop_sequence", nullptr}});
    message["usage"] = {{"input_tokens", prompt_tokens}, {"output_tokens", 0}};
    send("message_start", {{"message", std::move(message)}});
  }

  void on_delta(size_t, const AnswerDelta& delta) override {
    if (!delta.part.thoughts.empty()) say("thinking", "thinking_delta", delta.part.thoughts);
    if (!delta.part.content.empty()) say("text", "text_delta", delta.part.content);
    for (const auto& call : delta.part.calls) send_call(call);
  }

  void on_choice_end(size_t, const ChoiceEnd& end) override {
    if (blocks_ == 0) say("text", "text_delta", "");
    close_block();
    exchange_->prompt_tokens = end.summary.prompt_tokens;
    exchange_->generated_tokens = end.summary.generated_tokens;
    send("message_delta", {{"delta", stop_of(end)}, {"usage", usage_of(end.summary)}});
  }

  void on_end() override {
    send("message_stop", Json::object());
    exchange_->response().end_stream();
  }

  void on_error(const Error& error) override {
    exchange_->send_error(error);
    const Json document = error_document(Dialect::anthropic, error, exchange_->id());
    exchange_->response().write("event: error\ndata: " + to_text(document) + "\n\n");
    exchange_->response().end_stream();
  }

 private:
  void send(const std::string& type, const Json& members) {
    Json event = {{"type", type}};
    event.update(members);
    exchange_->response().write("event: " + type + "\ndata: " + to_text(event) + "\n\n");
  }

  void open_block(const std::string& type, Json block) {
    open_ = type;
    send("content_block_start", {{"index", blocks_++}, {"content_block", std::move(block)}});
  }

  void close_block() {
    if (open_.empty()) return;
    open_.clear();
    send("content_block_stop", {{"index", blocks_ - 1}});
  }

  void send_delta(Json delta) { send("content_block_delta", {{"index", blocks_ - 1}, {"delta", std::move(delta)}}); }

  void say(const std::string& type, const std::string& delta_type, const std::string& text) {
    if (open_ != type) {
      close_block();
      Json block = {{"type", type}, {type, ""}};
      if (type == "thinking") block["signature"] = "";
      open_block(type, std::move(block));
    }
    send_delta({{"type", delta_type}, {type, text}});
  }

  void send_call(const text::ToolCall& call) {
    if (!call.name.empty()) {
      close_block();
      open_block("tool_use", call_json(call, Json::object()));
    }
    send_delta({{"type", "input_json_delta"}, {"partial_json", call.arguments}});
  }

  ExchangePtr exchange_;
  std::shared_ptr<ServedModel> model_;
  std::string open_;  // type of the block that is open; empty: none
  int blocks_ = 0;
};

}  // namespace

void post_anthropic_messages(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  auto& service = exchange->service();
  service.check_fields(*exchange, body, kFields);
  const ChatRequest request = read_anthropic(body, true);
  const auto model = service.open_model(*exchange, request.model);
  if (!request.stream) return answer_message(exchange, model, request);
  begin_generation(model, request, std::make_shared<MessageStream>(exchange, model), exchange->response());
}

void post_anthropic_count(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  auto& service = exchange->service();
  service.check_fields(*exchange, body, kFields);
  const ChatRequest request = read_anthropic(body, false);
  const auto model = service.open_model(*exchange, request.model);
  exchange->send_json(200, {{"input_tokens", prompts_of(*model, request).front().tokens.size()}});
}

}  // namespace adze::server
