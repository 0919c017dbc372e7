#include "server/prompt.h"

#include "base/error.h"
#include "server/request_error.h"
#include "server/tool_prompt.h"
#include "text/chat_templates/special_token_texts.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::server {
namespace {

bool wants_tools(const ChatRequest& request) {
  return request.tools.is_array() && !request.tools.empty() && request.tool_choice != ToolChoice::none;
}

// As templates know them from OpenAI's API.
Json template_tools(const Json& tools) {
  Json list = Json::array();
  for (const auto& tool : tools) list.push_back({{"type", "function"}, {"function", tool}});
  return list;
}

bool begins_with_system(const Json& messages) {
  return !messages.empty() && messages.front().value("role", "") == "system";
}

// The system's message comes first, where templates look for it, then the preset's conversation.
Json with_preset(const ServedModel& model, Json messages) {
  const auto& preset = model.settings().preset;
  const auto system = preset.system ? preset.system : model.loaded().model().generation.find_string("system_prompt");
  const auto& said = preset.messages;
  if (system && !system->empty() && !begins_with_system(messages) && !begins_with_system(said)) {
    messages.insert(messages.begin(), Json{{"role", "system"}, {"content", *system}});
  }
  const bool is_behind_system = begins_with_system(messages) && !begins_with_system(said);
  messages.insert(messages.begin() + (is_behind_system ? 1 : 0), said.begin(), said.end());
  return messages;
}

std::string render(const ServedModel& model, const ChatRequest& request, Json messages) {
  const auto& chat_template = model.chat_template();
  text::ChatContextOptions options;
  options.add_generation_prompt = true;
  options.special_tokens = text::special_token_texts(model.tokenizer());
  options.extra = request.template_variables;
  messages = with_preset(model, std::move(messages));
  if (!model.template_takes_tools()) {
    messages = with_tools_in_words(std::move(messages), wants_tools(request) ? request.tools : Json());
  } else if (wants_tools(request)) {
    options.tools = template_tools(request.tools);
  }
  return with_context("the chat template",
                      [&] { return chat_template.render(text::chat_context_from_json(messages, options)); });
}

std::string render_chat(const ServedModel& model, const ChatRequest& request) {
  Json messages = request.messages;
  std::string begun;
  if (request.continues_last_message && messages.back().value("role", "") == "assistant") {
    begun = messages.back().value("content", "");
    messages.erase(messages.size() - 1);
    if (messages.empty()) refuse_field("messages", "must hold more than the beginning of the answer");
  }
  return render(model, request, std::move(messages)) + begun;
}

bool has_open_thoughts(std::string_view prompt) {
  const size_t last = prompt.find_last_not_of(" \n");
  return last != std::string_view::npos && prompt.substr(0, last + 1).ends_with("<think>");
}

Prompt prompt_of_messages(const ServedModel& model, const ChatRequest& request) {
  Prompt prompt;
  if (wants_tools(request)) prompt.form.tools = &tool_format(model);
  prompt.text = render_chat(model, request);
  // The template writes the tokens that begin a text itself.
  prompt.tokens = model.tokenizer().encode(prompt.text, {.add_special = false});
  prompt.form.splits_thoughts = request.splits_thoughts;
  prompt.form.streams_calls = request.streams_calls;
  const bool is_constrained =
      request.constraint.kind != AnswerKind::text || request.tool_choice == ToolChoice::required;
  prompt.form.begins_in_thoughts = request.splits_thoughts && !is_constrained && has_open_thoughts(prompt.text);
  return prompt;
}

Prompt as_prompt(const ServedModel& model, const PlainPrompt& plain, bool adds_special) {
  if (!plain.text) return {.text = {}, .tokens = plain.tokens, .form = {}};
  return {
      .text = *plain.text, .tokens = model.tokenizer().encode(*plain.text, {.add_special = adds_special}), .form = {}};
}

}  // namespace

const text::ToolFormat& tool_format(const ServedModel& model) {
  if (!model.template_takes_tools()) return text::tagged_json_format;
  if (const auto* format = model.tool_format()) return *format;
  fail(ErrorCode::unsupported, "tools: the chat template of {} asks for calls in a form that Adze does not read",
       model.settings().name);
}

std::vector<Prompt> prompts_of(const ServedModel& model, const ChatRequest& request) {
  std::vector<Prompt> prompts;
  if (request.messages.is_array()) prompts.push_back(prompt_of_messages(model, request));
  for (const auto& plain : request.prompts) {
    if (!request.messages.is_array()) prompts.push_back(as_prompt(model, plain, request.adds_special));
  }
  for (const auto& prompt : prompts) {
    if (prompt.tokens.empty()) throw RequestError(400, "the prompt is empty", "prompt");
  }
  return prompts;
}

}  // namespace adze::server
