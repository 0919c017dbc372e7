// Calls written as JSON: between tags, in a list, or alone.
#include <array>

#include "text/tool_parsers/tool_format.h"

namespace adze::text {
namespace {

Json parsed(std::string_view text) { return Json::parse(text, nullptr, false); }

Json call_schema(std::string_view name, std::string_view key, const Json& arguments) {
  return {{"type", "object"},
          {"properties", {{"name", {{"const", name}}}, {std::string(key), arguments}}},
          {"required", {"name", key}},
          {"additionalProperties", false}};
}

Json schema_with_arguments(std::string_view name, const Json& arguments) {
  return call_schema(name, "arguments", arguments);
}

Json schema_with_parameters(std::string_view name, const Json& arguments) {
  return call_schema(name, "parameters", arguments);
}

std::vector<ToolCall> read_object(std::string_view body) {
  std::vector<ToolCall> calls;
  read_json_call(parsed(body), "arguments", calls);
  return calls;
}

// Newer templates write NAME[ARGS]{...} instead of a list.
std::vector<ToolCall> read_named_arguments(std::string_view body) {
  constexpr std::string_view kMark = "[ARGS]";
  const size_t mark = body.find(kMark);
  if (mark == std::string_view::npos) return {};
  std::vector<ToolCall> calls;
  const size_t begin = std::min(body.find_first_not_of(" \n"), mark);
  read_json_call({{"name", body.substr(begin, mark - begin)}, {"arguments", parsed(body.substr(mark + kMark.size()))}},
                 "arguments", calls);
  return calls;
}

std::vector<ToolCall> read_list(std::string_view body) {
  const Json json = parsed(body);
  if (!json.is_array()) return read_named_arguments(body);
  std::vector<ToolCall> calls;
  for (const auto& call : json) {
    if (!read_json_call(call, "arguments", calls)) return {};
  }
  return calls;
}

bool read_bare(const Json& json, std::vector<ToolCall>& calls) {
  return read_json_call(json, "parameters", calls) || read_json_call(json, "arguments", calls);
}

// One object, or several with semicolons between them.
std::vector<ToolCall> read_bare_objects(std::string_view body) {
  std::vector<ToolCall> calls;
  size_t begin = 0;
  for (size_t end = body.find(';');; end = body.find(';', end + 1)) {
    const Json json = parsed(body.substr(begin, std::min(end, body.size()) - begin));
    if (!json.is_discarded()) {
      if (!read_bare(json, calls)) return {};
      begin = end == std::string_view::npos ? body.size() : end + 1;
    }
    if (end == std::string_view::npos) break;  // a semicolon may have been part of a text
  }
  return body.find_first_not_of(" \n", begin) == std::string_view::npos ? calls : std::vector<ToolCall>{};
}

constexpr std::array<std::string_view, 2> kTaggedMarks{"<tool_call>", "\"arguments\""};
constexpr std::array<std::string_view, 2> kOtherTaggedMarks{"<arg_key>", "<function="};
constexpr std::array<std::string_view, 1> kListedMarks{"[TOOL_CALLS]"};
constexpr std::array<std::string_view, 1> kBareMarks{"\"parameters\": dictionary of argument name"};

}  // namespace

const ToolFormat tagged_json_format = {
    .name = "tagged_json",
    .summary = "<tool_call>{\"name\": ..., \"arguments\": {...}}</tool_call>",
    .marks = kTaggedMarks,
    .other_marks = kOtherTaggedMarks,
    .begin = "<tool_call>",
    .end = "</tool_call>",
    .bare_mark = {},
    .parse = read_object,
    .schema = schema_with_arguments,
    .body_prefix = "\n",
    .body_suffix = "\n",
};

const ToolFormat listed_json_format = {
    .name = "listed_json",
    .summary = "[TOOL_CALLS][{\"name\": ..., \"arguments\": {...}}, ...]",
    .marks = kListedMarks,
    .other_marks = {},
    .begin = "[TOOL_CALLS]",
    .end = {},
    .bare_mark = {},
    .parse = read_list,
    .schema = schema_with_arguments,
    .body_prefix = "[",
    .body_suffix = "]",
};

const ToolFormat bare_json_format = {
    .name = "bare_json",
    .summary = "{\"name\": ..., \"parameters\": {...}} as the whole answer, maybe behind <|python_tag|>",
    .marks = kBareMarks,
    .other_marks = {},
    .begin = "<|python_tag|>",
    .end = {},
    .bare_mark = "{",
    .parse = read_bare_objects,
    .schema = schema_with_parameters,
    .body_prefix = {},
    .body_suffix = {},
};

}  // namespace adze::text
