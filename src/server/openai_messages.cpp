#include "server/openai_messages.h"

#include <algorithm>
#include <array>

#include "server/request_error.h"
#include "server/request_fields.h"

namespace adze::server {
namespace {

constexpr size_t kMaxMessages = 4096;
constexpr size_t kMaxTools = 256;
constexpr std::array<std::string_view, 5> kTextParts{"text", "input_text", "output_text", "refusal", "thinking"};

std::string part_text(const Json& part, const std::string& where) {
  const Fields fields(part, where);
  const std::string type = fields.text("type").value_or("text");
  if (std::ranges::find(kTextParts, type) == kTextParts.end()) {
    refuse_field(where + ".type", "'{}' is not supported; only text is, and nothing is fetched from files or the net",
                 type);
  }
  return fields.require_text(type == "refusal" ? "refusal" : type == "thinking" ? "thinking" : "text");
}

Json read_calls(const Json& calls, const std::string& where) {
  Json result = Json::array();
  for (size_t i = 0; i < calls.size(); ++i) {
    const Fields call(calls[i], fmt::format("{}[{}]", where, i));
    const Json* body = call.object("function");
    if (!body) refuse_field(call.path("function"), "is missing");
    const Fields function(*body, call.path("function"));
    Json read = {{"type", "function"}};
    if (const auto id = call.text("id")) read["id"] = *id;
    read["function"] = {{"name", function.require_text("name")}, {"arguments", call_arguments(function)}};
    result.push_back(std::move(read));
  }
  return result;
}

Json read_message(const Json& message, const std::string& where) {
  const Fields fields(message, where);
  std::string role = fields.require_text("role");
  if (role == "developer") role = "system";
  if (role == "function") role = "tool";
  Json read = {{"role", role}};
  const Json* content = fields.find("content");
  const Json* calls = fields.list("tool_calls");
  if (!content && !calls && role != "assistant") refuse_field(fields.path("content"), "is missing");
  read["content"] = content ? content_text(*content, fields.path("content")) : "";
  for (const char* name : {"name", "tool_call_id", "reasoning_content"}) {
    if (const auto text = fields.text(name)) read[name] = *text;
  }
  if (calls && !calls->empty()) read["tool_calls"] = read_calls(*calls, fields.path("tool_calls"));
  return read;
}

}  // namespace

Json call_arguments(const Fields& call) {
  const Json* arguments = call.find("arguments");
  if (!arguments) return Json::object();
  if (arguments->is_object()) return *arguments;
  if (!arguments->is_string()) refuse_field(call.path("arguments"), "must be a JSON object, as text");
  const auto text = arguments->get<std::string>();
  if (text.empty()) return Json::object();
  Json parsed = Json::parse(text, nullptr, false);
  if (!parsed.is_object()) refuse_field(call.path("arguments"), "must be a JSON object, as text");
  return parsed;
}

std::string content_text(const Json& content, const std::string& where) {
  if (content.is_null()) return {};
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) refuse_field(where, "must be a string or a list of parts");
  std::string text;
  for (size_t i = 0; i < content.size(); ++i) text += part_text(content[i], fmt::format("{}[{}]", where, i));
  return text;
}

Json openai_messages(const Json& messages) {
  if (!messages.is_array() || messages.empty()) refuse_field("messages", "must be a list with at least one message");
  if (messages.size() > kMaxMessages)
    refuse_field("messages", "has {} entries, at most {} are allowed", messages.size(), kMaxMessages);
  Json result = Json::array();
  for (size_t i = 0; i < messages.size(); ++i)
    result.push_back(read_message(messages[i], fmt::format("messages[{}]", i)));
  return result;
}

Json openai_tools(const Json& tools) {
  if (!tools.is_array()) refuse_field("tools", "must be a list");
  if (tools.size() > kMaxTools)
    refuse_field("tools", "has {} entries, at most {} are allowed", tools.size(), kMaxTools);
  Json result = Json::array();
  for (size_t i = 0; i < tools.size(); ++i) {
    const Fields tool(tools[i], fmt::format("tools[{}]", i));
    const std::string type = tool.text("type").value_or("function");
    if (type != "function") refuse_field(tool.path("type"), "'{}' is not supported; only functions are", type);
    const Json* body = tool.object("function");
    const Fields function(body ? *body : tools[i], body ? tool.path("function") : tool.path(""));
    Json read = {{"name", function.require_text("name")}, {"description", function.text("description").value_or("")}};
    const Json* parameters = function.object("parameters");
    read["parameters"] = parameters ? *parameters : Json{{"type", "object"}, {"properties", Json::object()}};
    result.push_back(std::move(read));
  }
  return result;
}

}  // namespace adze::server
