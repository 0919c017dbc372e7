// POST /api/chat and /api/generate
#include "server/ollama.h"
#include "server/openai_messages.h"
#include "server/request_error.h"
#include "server/request_readers.h"
#include "server/service.h"

namespace adze::server {
namespace {

constexpr RequestField kChatFields[] = {
    {"model"},
    {"messages"},
    {"tools"},
    {"format"},
    {"options"},
    {"stream"},
    {"keep_alive"},
    {"think"},
    {"logprobs", FieldUse::refused, "use /v1/chat/completions"},
    {"top_logprobs", FieldUse::refused, "use /v1/chat/completions", "0"},
    {"truncate", FieldUse::refused, "what does not fit is refused", "false"},
    {"shift", FieldUse::refused, "what does not fit is refused", "false"},
};

constexpr RequestField kGenerateFields[] = {
    {"model"},
    {"prompt"},
    {"system"},
    {"format"},
    {"options"},
    {"stream"},
    {"raw"},
    {"keep_alive"},
    {"think"},
    {"suffix", FieldUse::refused, "the text between two others is not completed", "\"\""},
    {"images", FieldUse::refused, "only text is understood"},
    {"template", FieldUse::refused, "the model's own is used", "\"\""},
    {"context", FieldUse::refused, "send a conversation to /api/chat"},
    {"logprobs", FieldUse::refused, "use /v1/completions"},
    {"top_logprobs", FieldUse::refused, "use /v1/completions", "0"},
};

Json chat_part(const text::AnswerPart& part) {
  Json message = {{"role", "assistant"}, {"content", part.content}};
  if (!part.thoughts.empty()) message["thinking"] = part.thoughts;
  if (!part.calls.empty()) message["tool_calls"] = ollama_calls(part.calls);
  return {{"message", std::move(message)}};
}

Json generate_part(const text::AnswerPart& part) {
  Json json = {{"response", part.content}};
  if (!part.thoughts.empty()) json["thinking"] = part.thoughts;
  return json;
}

// An empty request only loads the model, or puts it away.
void answer_about_memory(const ExchangePtr& exchange, const ChatRequest& request, std::optional<double> keep_alive,
                         Json part) {
  auto& models = exchange->service().models();
  std::string reason = "load";
  if (keep_alive && *keep_alive == 0) {
    models.unload(request.model);
    reason = "unload";
  } else {
    exchange->service().open_model(*exchange, request.model);
  }
  Json document = {{"model", models.resolve(request.model)}, {"created_at", ollama_time()}};
  document.update(part);
  document.update(Json{{"done", true}, {"done_reason", reason}});
  exchange->send_json(200, document);
}

void apply_keep_alive(const ExchangePtr& exchange, const std::string& model, std::optional<double> seconds) {
  if (seconds) exchange->service().models().keep(model, *seconds);
}

// The context is the server's; a request may ask for less.
void check_context(const Json& body, const ServedModel& model) {
  const auto options = body.find("options");
  if (options == body.end() || !options->is_object()) return;
  const auto wanted = Fields(*options, "options").integer("num_ctx", 1, int64_t{1} << 40);
  if (wanted && *wanted > model.context()) {
    refuse_field("options.num_ctx", "is {}, but the server gives a request {} tokens; start it with --context", *wanted,
                 model.context());
  }
}

}  // namespace

Json ollama_messages(const Json& messages) {
  Json read = Json::array();
  for (size_t i = 0; i < messages.size(); ++i) {
    const Fields message(messages[i], fmt::format("messages[{}]", i));
    if (const Json* images = message.find("images"); images && !images->empty()) {
      refuse_field(message.path("images"), "is not supported; only text is understood");
    }
    Json copy = messages[i];
    copy.erase("images");
    if (const auto name = message.text("tool_name")) copy["name"] = *name;
    if (const auto thinking = message.text("thinking")) copy["reasoning_content"] = *thinking;
    read.push_back(std::move(copy));
  }
  return openai_messages(read);
}

ChatRequest read_ollama_chat(const Json& body) {
  const Fields fields(body);
  ChatRequest request;
  read_ollama_generation(fields, request);
  const Json* messages = fields.list("messages");
  if (messages && !messages->empty()) request.messages = ollama_messages(*messages);
  if (const Json* tools = fields.list("tools"); tools && !tools->empty()) request.tools = openai_tools(*tools);
  return request;
}

ChatRequest read_ollama_generate(const Json& body) {
  const Fields fields(body);
  ChatRequest request;
  read_ollama_generation(fields, request);
  request.prompts = {{.text = fields.text("prompt").value_or("")}};
  request.splits_thoughts = !fields.flag("raw", false);
  if (!request.splits_thoughts) return request;
  request.messages = Json::array();
  if (const auto system = fields.text("system"); system && !system->empty()) {
    request.messages.push_back({{"role", "system"}, {"content", *system}});
  }
  request.messages.push_back({{"role", "user"}, {"content", *request.prompts.front().text}});
  return request;
}

void post_ollama_chat(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  auto& service = exchange->service();
  service.check_fields(*exchange, body, kChatFields);
  const ChatRequest request = read_ollama_chat(body);
  const auto keep_alive = read_keep_alive(Fields(body));
  if (!request.messages.is_array()) return answer_about_memory(exchange, request, keep_alive, chat_part({}));
  const auto model = service.open_model(*exchange, request.model);
  check_context(body, *model);
  apply_keep_alive(exchange, request.model, keep_alive);
  answer_ollama(exchange, model, request, chat_part);
}

void post_ollama_generate(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  auto& service = exchange->service();
  service.check_fields(*exchange, body, kGenerateFields);
  ChatRequest request = read_ollama_generate(body);
  const auto keep_alive = read_keep_alive(Fields(body));
  if (request.prompts.front().text->empty())
    return answer_about_memory(exchange, request, keep_alive, generate_part({}));
  const auto model = service.open_model(*exchange, request.model);
  if (!model->has_chat_template()) request.messages = nullptr;
  check_context(body, *model);
  apply_keep_alive(exchange, request.model, keep_alive);
  answer_ollama(exchange, model, request, generate_part);
}

}  // namespace adze::server
