// Requests of Anthropic's Messages API, in the form that chat templates take.
#include "server/openai_messages.h"
#include "server/request_error.h"
#include "server/request_fields.h"
#include "server/request_readers.h"

namespace adze::server {
namespace {

constexpr size_t kMaxMessages = 4096;
constexpr size_t kMaxStops = 64;
constexpr int64_t kMaxTokens = int64_t{1} << 40;

// Blocks of one message: its text, its calls, and results of calls, which are messages of their own.
struct ReadBlocks {
  std::string text;
  std::string thoughts;
  Json calls = Json::array();
  Json results = Json::array();
};

std::string result_text(const Fields& block) {
  const Json* content = block.find("content");
  return content ? content_text(*content, block.path("content")) : "";
}

void read_block(const Fields& block, ReadBlocks& read) {
  const std::string type = block.require_text("type");
  if (type == "text") {
    read.text += block.require_text("text");
  } else if (type == "thinking") {
    read.thoughts += block.require_text("thinking");
  } else if (type == "tool_use") {
    const Json* input = block.object("input");
    read.calls.push_back(
        {{"id", block.require_text("id")},
         {"type", "function"},
         {"function", {{"name", block.require_text("name")}, {"arguments", input ? *input : Json::object()}}}});
  } else if (type == "tool_result") {
    read.results.push_back(
        {{"role", "tool"}, {"tool_call_id", block.require_text("tool_use_id")}, {"content", result_text(block)}});
  } else if (type != "redacted_thinking") {
    refuse_field(block.path("type"), "'{}' is not supported; only text and tools are", type);
  }
}

void read_message(const Json& message, const std::string& where, Json& messages) {
  const Fields fields(message, where);
  const std::string role = fields.require_text("role");
  if (role != "user" && role != "assistant") refuse_field(fields.path("role"), "'{}' is none of user, assistant", role);
  const Json* content = fields.find("content");
  if (!content) refuse_field(fields.path("content"), "is missing");
  ReadBlocks read;
  if (content->is_string()) {
    read.text = content->get<std::string>();
  } else if (content->is_array()) {
    for (size_t i = 0; i < content->size(); ++i)
      read_block(Fields((*content)[i], fmt::format("{}.content[{}]", where, i)), read);
  } else {
    refuse_field(fields.path("content"), "must be a string or a list of blocks");
  }
  for (auto& result : read.results) messages.push_back(std::move(result));
  if (read.text.empty() && read.calls.empty() && !read.results.empty()) return;
  Json turn = {{"role", role}, {"content", read.text}};
  if (!read.thoughts.empty()) turn["reasoning_content"] = read.thoughts;
  if (!read.calls.empty()) turn["tool_calls"] = std::move(read.calls);
  messages.push_back(std::move(turn));
}

Json read_messages(const Fields& fields) {
  const Json* list = fields.list("messages");
  if (!list || list->empty()) refuse_field("messages", "must be a list with at least one message");
  if (list->size() > kMaxMessages)
    refuse_field("messages", "has {} entries, at most {} are allowed", list->size(), kMaxMessages);
  Json messages = Json::array();
  if (const Json* system = fields.find("system")) {
    messages.push_back({{"role", "system"}, {"content", content_text(*system, "system")}});
  }
  for (size_t i = 0; i < list->size(); ++i) read_message((*list)[i], fmt::format("messages[{}]", i), messages);
  return messages;
}

Json read_tools(const Json& tools) {
  Json read = Json::array();
  for (size_t i = 0; i < tools.size(); ++i) {
    const Fields tool(tools[i], fmt::format("tools[{}]", i));
    const auto type = tool.text("type").value_or("custom");
    if (type != "custom") refuse_field(tool.path("type"), "'{}' is not supported; only a client's own tools are", type);
    const Json* schema = tool.object("input_schema");
    read.push_back({{"name", tool.require_text("name")},
                    {"description", tool.text("description").value_or("")},
                    {"parameters", schema ? *schema : Json{{"type", "object"}, {"properties", Json::object()}}}});
  }
  return read;
}

void read_tool_choice(const Fields& fields, ChatRequest& request) {
  const Json* choice = fields.object("tool_choice");
  if (!choice) return;
  const Fields named(*choice, "tool_choice");
  const std::string type = named.require_text("type");
  if (type == "none") {
    request.tool_choice = ToolChoice::none;
  } else if (type == "any" || type == "tool") {
    if (!request.tools.is_array()) refuse_field("tool_choice", "there are no tools");
    request.tool_choice = ToolChoice::required;
    if (type == "tool") request.tool_name = named.require_text("name");
  } else if (type != "auto") {
    refuse_field("tool_choice.type", "'{}' is none of auto, any, tool, none", type);
  }
}

bool wants_thoughts(const Fields& fields) {
  const Json* thinking = fields.object("thinking");
  return thinking && Fields(*thinking, "thinking").require_text("type") != "disabled";
}

}  // namespace

ChatRequest read_anthropic(const Json& body, bool needs_max_tokens) {
  const Fields fields(body);
  ChatRequest request;
  request.model = fields.text("model").value_or("");
  request.messages = read_messages(fields);
  request.continues_last_message =
      request.messages.back()["role"] == "assistant" && !request.messages.back().contains("tool_calls");
  request.max_tokens = fields.integer("max_tokens", 1, kMaxTokens);
  if (needs_max_tokens && !request.max_tokens) refuse_field("max_tokens", "is missing");
  request.stream = fields.flag("stream", false);
  request.streams_calls = request.stream;
  request.stop = fields.texts("stop_sequences", kMaxStops);
  for (const char* name : {"temperature", "top_p", "top_k"}) {
    if (const auto number = fields.number(name)) request.sampling.set(name, *number);
  }
  if (const Json* tools = fields.list("tools"); tools && !tools->empty()) request.tools = read_tools(*tools);
  read_tool_choice(fields, request);
  request.template_variables = {{"enable_thinking", wants_thoughts(fields)}};
  return request;
}

}  // namespace adze::server
