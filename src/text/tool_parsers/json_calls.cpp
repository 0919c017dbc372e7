// Calls written as JSON: between tags, in a list, or alone.
#include <array>
#include <memory>
#include <optional>

#include "text/tool_parsers/json_scanner.h"
#include "text/tool_parsers/tool_format.h"

namespace adze::text {
namespace {

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

constexpr std::array<std::string_view, 1> kArguments{"arguments"};
constexpr std::array<std::string_view, 2> kParametersOrArguments{"parameters", "arguments"};

// How objects stand beside each other; 0: no such character.
struct CallsShape {
  std::span<const std::string_view> keys;
  char open, separator, close;
};
constexpr CallsShape kOne = {kArguments, 0, 0, 0};
constexpr CallsShape kList = {kArguments, '[', ',', ']'};
constexpr CallsShape kBare = {kParametersOrArguments, 0, ';', 0};

class JsonCalls : public CallReader {
 public:
  explicit JsonCalls(const CallsShape& shape) : shape_(shape), state_(shape.open ? State::start : State::before_call) {}

  void push(std::string_view text, std::vector<ToolCall>& pieces) override {
    for (size_t at = 0; at < text.size() && state_ != State::broken;) {
      if (state_ == State::call) {
        at += call_->push(text.substr(at), pieces);
        if (call_->is_broken()) state_ = State::broken;
        if (call_->is_done()) state_ = State::behind_call;
      } else if (is_json_space(text[at])) {
        ++at;
      } else {
        state_ = state_behind(text[at]);
        state_ == State::call ? void(call_.emplace(shape_.keys)) : void(++at);
      }
    }
  }

  bool is_complete() const override {
    if (shape_.close) return state_ == State::end && call_;
    return state_ == State::behind_call || (state_ == State::before_call && call_);
  }

 private:
  enum class State { start, before_call, call, behind_call, end, broken };

  State state_behind(char c) const {
    switch (state_) {
      case State::start:
        return c == shape_.open ? State::before_call : State::broken;
      case State::before_call:
        return c == '{' ? State::call : State::broken;
      case State::behind_call:
        if (shape_.separator && c == shape_.separator) return State::before_call;
        return shape_.close && c == shape_.close ? State::end : State::broken;
      default:
        return State::broken;
    }
  }

  const CallsShape& shape_;
  State state_;
  std::optional<JsonCallScanner> call_;  // the last one
};

// NAME[ARGS]{...}, as newer templates have it instead of a list.
class NamedCall : public CallReader {
 public:
  void push(std::string_view text, std::vector<ToolCall>& pieces) override {
    held_ += text;
    if (name_.empty() && !is_broken_) read_name();
    if (name_.empty() || is_broken_) return;
    if (arguments_.empty()) held_.erase(0, std::min(held_.find_first_not_of(" \n"), held_.size()));
    if (held_.empty()) return;
    if (!scanner_.is_done()) read_arguments(pieces);
    is_broken_ = is_broken_ || scanner_.is_broken() || held_.find_first_not_of(" \t\r\n") != std::string::npos;
  }

  bool is_complete() const override { return !is_broken_ && scanner_.is_done() && Json::accept(arguments_); }

 private:
  void read_name() {
    constexpr std::string_view kMark = "[ARGS]";
    const size_t mark = held_.find(kMark);
    if (mark == std::string::npos) return;
    const size_t begin = std::min(held_.find_first_not_of(" \n"), mark);
    name_ = held_.substr(begin, mark - begin);
    held_.erase(0, mark + kMark.size());
    is_broken_ = name_.empty();
  }

  void read_arguments(std::vector<ToolCall>& pieces) {
    if (arguments_.empty() && held_.front() != '{') {
      is_broken_ = true;
      return;
    }
    const std::string piece = held_.substr(0, scanner_.push(held_));
    held_.erase(0, piece.size());
    pieces.push_back({arguments_.empty() ? name_ : std::string(), piece});
    arguments_ += piece;
  }

  std::string held_;
  std::string name_;
  std::string arguments_;
  JsonValueScanner scanner_;
  bool is_broken_ = false;
};

// What stands first decides between the two.
class ListedCalls : public CallReader {
 public:
  void push(std::string_view text, std::vector<ToolCall>& pieces) override {
    if (!calls_) {
      while (!text.empty() && is_json_space(text.front())) text.remove_prefix(1);
      if (text.empty()) return;
      if (text.front() == '[') {
        calls_ = std::make_unique<JsonCalls>(kList);
      } else {
        calls_ = std::make_unique<NamedCall>();
      }
    }
    calls_->push(text, pieces);
  }
  bool is_complete() const override { return calls_ && calls_->is_complete(); }

 private:
  std::unique_ptr<CallReader> calls_;
};

std::unique_ptr<CallReader> open_tagged() { return std::make_unique<JsonCalls>(kOne); }
std::unique_ptr<CallReader> open_listed() { return std::make_unique<ListedCalls>(); }
std::unique_ptr<CallReader> open_bare() { return std::make_unique<JsonCalls>(kBare); }

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
    .open = open_tagged,
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
    .open = open_listed,
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
    .open = open_bare,
    .schema = schema_with_parameters,
    .body_prefix = {},
    .body_suffix = {},
};

}  // namespace adze::text
