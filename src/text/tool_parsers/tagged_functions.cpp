// Calls written as tags: <function=NAME> with a <parameter=KEY> for each argument.
#include <array>
#include <optional>

#include "text/tool_parsers/tool_format.h"

namespace adze::text {
namespace {

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \n") - begin + 1);
}

// The text between `begin` and `end`, which is cut off with all in front of it.
std::optional<std::string_view> take(std::string_view& text, std::string_view begin, std::string_view end) {
  const size_t from = text.find(begin);
  if (from == std::string_view::npos) return std::nullopt;
  const size_t to = text.find(end, from + begin.size());
  if (to == std::string_view::npos) return std::nullopt;
  const auto between = text.substr(from + begin.size(), to - from - begin.size());
  text.remove_prefix(to + end.size());
  return between;
}

// One line break on either side belongs to the tags.
std::string_view value_of(std::string_view text) {
  if (text.starts_with('\n')) text.remove_prefix(1);
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

std::vector<ToolCall> read_functions(std::string_view body) {
  std::vector<ToolCall> calls;
  while (auto function = take(body, "<function=", "</function>")) {
    const size_t close = function->find('>');
    if (close == std::string_view::npos) return {};
    const auto name = trimmed(function->substr(0, close));
    function->remove_prefix(close + 1);
    Json arguments = Json::object();
    while (const auto parameter = take(*function, "<parameter=", "</parameter>")) {
      const size_t key_end = parameter->find('>');
      if (key_end == std::string_view::npos) return {};
      const auto text = value_of(parameter->substr(key_end + 1));
      Json value = Json::parse(text, nullptr, false);
      arguments[std::string(trimmed(parameter->substr(0, key_end)))] = value.is_discarded() ? Json(text) : value;
    }
    if (name.empty()) return {};
    calls.push_back({std::string(name), arguments.dump(-1, ' ', false, Json::error_handler_t::replace)});
  }
  return calls;
}

constexpr std::array<std::string_view, 2> kMarks{"<tool_call>", "<function="};

}  // namespace

const ToolFormat tagged_functions_format = {
    .name = "tagged_functions",
    .summary = "<tool_call><function=NAME><parameter=KEY>VALUE</parameter></function></tool_call>",
    .marks = kMarks,
    .other_marks = {},
    .begin = "<tool_call>",
    .end = "</tool_call>",
    .bare_mark = {},
    .parse = read_functions,
    .schema = nullptr,
    .body_prefix = {},
    .body_suffix = {},
};

}  // namespace adze::text
