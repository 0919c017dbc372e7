// Takes an answer apart while it comes: what the model thinks, what it says, and the tools that it calls.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/tool_parsers/tool_format.h"

namespace adze::text {

struct AnswerForm {
  const ToolFormat* tools = nullptr;  // null: calls are text like any other
  bool splits_thoughts = false;       // <think> … </think> in front of the answer
  bool begins_in_thoughts = false;    // the prompt has opened <think>
  /// Calls come in pieces as soon as their name is known (CallReader). One that is cut off or turns out to be malformed
  /// behind that then stays a piece of a call, while otherwise it is content.
  bool streams_calls = false;
};

struct AnswerPart {
  std::string thoughts;
  std::string content;
  std::vector<ToolCall> calls;
  bool empty() const { return thoughts.empty() && content.empty() && calls.empty(); }
};

/// Adds what comes next in an answer; pieces of calls are joined.
void append(AnswerPart& answer, const AnswerPart& more);

/// What is no call after all becomes content; nothing is lost but the marks and white space around calls and thoughts.
class AnswerReader {
 public:
  explicit AnswerReader(const AnswerForm& form);

  /// Adds text; what is certain now.
  AnswerPart push(std::string_view text);
  /// The end of the answer: what was held back.
  AnswerPart finish();
  /// The answer ended within a call of which there are pieces.
  bool has_broken_call() const { return has_broken_call_; }

 private:
  enum class State { start, thoughts, content, call };
  void advance(AnswerPart& part, bool at_end);
  bool read_start(AnswerPart& part, bool at_end);
  bool read_thoughts(AnswerPart& part, bool at_end);
  bool read_content(AnswerPart& part, bool at_end);
  bool read_call(AnswerPart& part, bool at_end);
  void begin_call(std::string opening);
  void push_body(AnswerPart& part, size_t bytes);
  void say(AnswerPart& part, size_t bytes);

  AnswerForm form_;
  State state_;
  std::string held_;
  std::string opening_;               // what the call that is being read began with
  std::unique_ptr<CallReader> call_;  // that is being read; its body is held
  size_t read_bytes_ = 0;             // of the body
  std::vector<ToolCall> pieces_;      // of the body, unless they were told
  bool has_told_ = false;             // any piece of the body
  bool has_broken_call_ = false;
  bool skips_space_ = false;
};

}  // namespace adze::text
