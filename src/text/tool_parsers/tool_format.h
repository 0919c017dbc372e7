// How models write calls of tools into their answers, and the table of the forms that are read.
//
// To add one: write its file, declare it below, add a line in all_tool_formats.cpp.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "text/grammars/grammar.h"

namespace adze::text {

struct ToolCall {
  std::string name;
  std::string arguments;  // a JSON object, as text
};

/// Reads the calls of a body, the text between the marks of a format, as it comes.
class CallReader {
 public:
  virtual ~CallReader() = default;
  /// Adds text. What is known of the calls now goes to the end of `pieces`: each call begins with an entry that has its
  /// name, and goes on with entries without one, whose arguments follow each other.
  virtual void push(std::string_view text, std::vector<ToolCall>& pieces) = 0;
  /// Whether what has come is calls, all of them whole, and nothing else.
  virtual bool is_complete() const = 0;
};

struct ToolFormat {
  std::string_view name;     // "tagged_json"
  std::string_view summary;  // one line
  /// A chat template that holds all of `marks` and none of `other_marks` asks for this form.
  std::span<const std::string_view> marks;
  std::span<const std::string_view> other_marks;
  std::string_view begin;      // in front of a call, anywhere in an answer; empty: a call is a whole answer
  std::string_view end;        // behind it; empty: the end of the answer
  std::string_view bare_mark;  // a whole answer that begins like this may be a call, too; empty: none
  /// Of one body.
  std::unique_ptr<CallReader> (*open)();
  /// What `name` and `arguments` (a schema) are in a schema of the body, and the text around it.
  Json (*schema)(std::string_view name, const Json& arguments);
  std::string_view body_prefix;  // "[" where the body is a list
  std::string_view body_suffix;
};

/// Most specific first.
std::span<const ToolFormat* const> all_tool_formats();
/// Null where the template asks for none of them.
const ToolFormat* tool_format_of(std::string_view chat_template);

/// Answers that are one call of one of these tools (each {"name", "parameters"}) with arguments that are valid for it.
/// REQUIRES: a format with a schema. Throws what parse_json_schema() throws, and Error(bad_input) without tools.
Grammar tool_call_grammar(const ToolFormat& format, const Json& tools);

extern const ToolFormat tagged_json_format, tagged_functions_format, listed_json_format, bare_json_format;

}  // namespace adze::text
