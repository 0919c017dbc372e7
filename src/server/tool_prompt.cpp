#include "server/tool_prompt.h"

namespace adze::server {
namespace {

constexpr const char* kBefore =
    "You may call functions to help with the question. Their signatures stand between <tools> and </tools>:\n<tools>\n";
constexpr const char* kBehind =
    "</tools>\nTo call one, answer with its name and arguments as JSON between these tags, and nothing else:\n"
    "<tool_call>\n{\"name\": <function-name>, \"arguments\": <arguments-as-object>}\n</tool_call>";

std::string description_of(const Json& tools) {
  std::string text = kBefore;
  for (const auto& tool : tools) text += Json{{"type", "function"}, {"function", tool}}.dump() + "\n";
  return text + kBehind;
}

std::string calls_as_text(const Json& calls) {
  std::string text;
  for (const auto& call : calls) {
    const Json& function = call["function"];
    const Json body = {{"name", function["name"]}, {"arguments", function["arguments"]}};
    text += (text.empty() ? "" : "\n") + std::string("<tool_call>\n") + body.dump() + "\n</tool_call>";
  }
  return text;
}

void rewrite(Json& message) {
  const auto content = message.value("content", "");
  if (const auto calls = message.find("tool_calls"); calls != message.end()) {
    message["content"] = content + (content.empty() ? "" : "\n") + calls_as_text(*calls);
    message.erase("tool_calls");
  } else if (message["role"] == "tool") {
    message = {{"role", "user"}, {"content", "<tool_response>\n" + content + "\n</tool_response>"}};
  }
}

}  // namespace

Json with_tools_in_words(Json messages, const Json& tools) {
  for (auto& message : messages) rewrite(message);
  if (!tools.is_array() || tools.empty()) return messages;
  const std::string description = description_of(tools);
  if (!messages.empty() && messages.front()["role"] == "system") {
    messages.front()["content"] = messages.front().value("content", "") + "\n\n" + description;
  } else {
    messages.insert(messages.begin(), Json{{"role", "system"}, {"content", description}});
  }
  return messages;
}

}  // namespace adze::server
