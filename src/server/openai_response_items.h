// Items of OpenAI's Responses API, in and out.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "text/tool_parsers/answer_reader.h"

namespace adze::server {

/// Messages as chat templates take them, from a text or a list of items: messages, calls of functions, their results
/// and reasoning. Throws RequestError naming the item.
Json messages_of_items(const Json& input);

/// The answer as a message like those, for the next turn.
Json message_of_answer(const text::AnswerPart& answer);

/// Grows the output of a response from the parts of an answer, and tells of each change by an event of a stream.
class ResponseOutput {
 public:
  using Tell = std::function<void(std::string_view type, Json members)>;
  explicit ResponseOutput(Tell tell) : tell_(std::move(tell)) {}

  /// `logprobs`: of the token that brought the part; empty: none.
  void add(const text::AnswerPart& part, Json logprobs);
  /// The end of the answer; there is at least one item then. `is_whole`: it was not cut off.
  void close(bool is_whole);
  const Json& items() const { return items_; }

 private:
  struct Kind;
  static const Kind kThoughts, kText, kCall;

  void say(const Kind& kind, const std::string& text);
  void begin_call(const text::ToolCall& call);
  void open(const Kind& kind, Json members);
  void close_item(std::string_view status);
  Json take_logprobs();
  Json part_json() const;
  /// "item_id", "output_index" and, of all but calls, "content_index".
  Json place() const;

  Tell tell_;
  Json items_ = Json::array();
  const Kind* kind_ = nullptr;  // of the item that is open, the last one; null: none is
  std::string text_;            // of that
  Json logprobs_ = Json::array();
  Json fresh_logprobs_ = Json::array();  // no event has told them yet
};

}  // namespace adze::server
