// The table of the forms in which models write calls of tools.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "text/grammars/json_schema.h"
#include "text/tool_parsers/tool_format.h"

namespace adze::text {
namespace {

constexpr std::array kFormats{&tagged_functions_format, &tagged_json_format, &listed_json_format, &bare_json_format};

bool asks_for(std::string_view chat_template, const ToolFormat& format) {
  const auto holds = [&](std::string_view mark) { return chat_template.find(mark) != std::string_view::npos; };
  return std::ranges::all_of(format.marks, holds) && std::ranges::none_of(format.other_marks, holds);
}

}  // namespace

std::span<const ToolFormat* const> all_tool_formats() { return kFormats; }

const ToolFormat* tool_format_of(std::string_view chat_template) {
  const auto* found =
      std::ranges::find_if(kFormats, [&](const auto* format) { return asks_for(chat_template, *format); });
  return found == kFormats.end() ? nullptr : *found;
}

Grammar tool_call_grammar(const ToolFormat& format, const Json& tools) {
  if (tools.empty()) fail(ErrorCode::bad_input, "a call is wanted, but there are no tools");
  Json choices = Json::array();
  for (const auto& tool : tools) {
    const auto parameters = tool.find("parameters");
    const bool has_schema = parameters != tool.end() && parameters->is_object() && !parameters->empty();
    choices.push_back(
        format.schema(tool.at("name").get<std::string>(),
                      has_schema ? *parameters : Json{{"type", "object"}, {"properties", Json::object()}}));
  }
  Grammar grammar = parse_json_schema({{"anyOf", std::move(choices)}}, "tools");
  const RuleId answer = grammar.add_rule("tool call");
  grammar.define(answer, grammar.sequence({grammar.text(std::string(format.begin) + std::string(format.body_prefix)),
                                           grammar.reference(grammar.root()),
                                           grammar.text(std::string(format.body_suffix) + std::string(format.end))}));
  grammar.set_root(answer);
  return grammar;
}

}  // namespace adze::text
