#include "text/chat_templates/chat_template.h"

#include "text/chat_templates/interpreter.h"
#include "text/chat_templates/json_values.h"
#include "text/chat_templates/lexer.h"
#include "text/chat_templates/parser.h"

namespace adze::text {

struct ChatTemplate::Parsed {
  jinja::Source source;
  jinja::Block block;
};

ChatTemplate ChatTemplate::parse(std::string source, std::string name) {
  auto parsed = std::make_shared<Parsed>();
  parsed->source = {std::move(name), jinja::normalize_source(source)};
  parsed->block = jinja::parse_template(parsed->source);
  ChatTemplate result;
  result.parsed_ = std::move(parsed);
  return result;
}

std::string ChatTemplate::render(const Json& context, const RenderOptions& options) const {
  const jinja::Source& source = parsed_->source;
  if (!context.is_object()) fail(ErrorCode::bad_input, "{}: the variables must be a JSON object", source.name);
  const jinja::Value variables = with_context(source.name, [&] { return jinja::value_from_json(context); });
  const jinja::Budget budget(options.max_steps, options.max_bytes);
  jinja::Interpreter interpreter(source, budget, options.now.value_or(std::chrono::system_clock::now()));
  return interpreter.render(parsed_->block, variables.as_dict());
}

Json chat_context_from_json(const Json& messages, const ChatContextOptions& options) {
  if (!messages.is_array()) fail(ErrorCode::bad_input, "messages: must be a list, got {}", messages.type_name());
  Json context = Json::object();
  context["messages"] = messages;
  context["tools"] = options.tools;
  context["documents"] = options.documents;
  context["add_generation_prompt"] = options.add_generation_prompt;
  for (const Json* variables : {&options.special_tokens, &options.extra}) {
    if (variables->is_null()) continue;
    if (!variables->is_object()) fail(ErrorCode::bad_input, "special tokens and extra variables must be JSON objects");
    for (const auto& [name, value] : variables->items()) context[name] = value;
  }
  return context;
}

Json chat_context(const std::vector<ChatMessage>& messages, const ChatContextOptions& options) {
  Json list = Json::array();
  for (const ChatMessage& message : messages) list.push_back({{"role", message.role}, {"content", message.content}});
  return chat_context_from_json(list, options);
}

}  // namespace adze::text
