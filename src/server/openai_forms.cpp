#include "server/openai_forms.h"

#include "server/openai_messages.h"
#include "server/request_error.h"

namespace adze::server {
namespace {

void read_named_choice(const Json& choice, ChatRequest& request) {
  const Fields named(choice, "tool_choice");
  const auto type = named.text("type").value_or("function");
  if (type != "function") refuse_field("tool_choice.type", "'{}' is not supported; only functions are", type);
  const Json* function = named.object("function");
  request.tool_choice = ToolChoice::required;
  request.tool_name = Fields(function ? *function : choice, "tool_choice.function").require_text("name");
}

void read_tool_choice(const Fields& fields, ChatRequest& request) {
  const Json* choice = fields.find("tool_choice");
  if (!choice) return;
  if (choice->is_object()) {
    read_named_choice(*choice, request);
  } else {
    const std::string word = fields.require_text("tool_choice");
    if (word != "auto" && word != "none" && word != "required") {
      refuse_field("tool_choice", "'{}' is none of auto, none, required", word);
    }
    request.tool_choice = word == "none"   ? ToolChoice::none
                          : word == "auto" ? ToolChoice::automatic
                                           : ToolChoice::required;
  }
  if (request.tool_choice == ToolChoice::required && !request.tools.is_array())
    refuse_field("tool_choice", "there are no tools");
}

}  // namespace

void read_openai_format(const Fields& format, AnswerConstraint& constraint) {
  const std::string type = format.require_text("type");
  if (type == "json_object") {
    constraint.kind = AnswerKind::json_object;
  } else if (type == "json_schema") {
    const Json* inner = format.object("json_schema");
    const Json* document = inner ? Fields(*inner, format.path("json_schema")).find("schema") : format.find("schema");
    if (!document) refuse_field(format.path(inner ? "json_schema.schema" : "schema"), "is missing");
    constraint.kind = AnswerKind::json_schema;
    constraint.schema = *document;
  } else if (type != "text") {
    refuse_field(format.path("type"), "'{}' is none of text, json_object, json_schema", type);
  }
}

void read_openai_tools(const Fields& fields, ChatRequest& request) {
  if (const Json* tools = fields.list("tools"); tools && !tools->empty()) request.tools = openai_tools(*tools);
  read_tool_choice(fields, request);
  // A call that must be made is the only one anyway.
  if (!fields.flag("parallel_tool_calls", true) && request.tools.is_array() &&
      request.tool_choice == ToolChoice::automatic) {
    refuse_field("parallel_tool_calls",
                 "is not supported: a model calls as many tools as it likes, unless tool_choice asks for a call");
  }
  if (request.tool_choice == ToolChoice::required && request.constraint.kind != AnswerKind::text) {
    refuse_field("tool_choice", "an answer cannot be a call and have another form at once");
  }
}

}  // namespace adze::server
