// Calls written as tags: <function=NAME> with a <parameter=KEY> for each argument.
#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "text/tool_parsers/tool_format.h"

namespace adze::text {
namespace {

constexpr std::string_view kFunction = "<function=";
constexpr std::string_view kFunctionEnd = "</function>";
constexpr std::string_view kParameter = "<parameter=";
constexpr std::string_view kParameterEnd = "</parameter>";

std::string trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \n");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \n") - begin + 1));
}

// Inside of a text of JSON. Byte by byte, so that pieces may end anywhere.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else if (c == '\n') {
      result += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result;
}

// Of text that may not be at its end: bytes in front of what may be the end of the value.
size_t certain_bytes(std::string_view text) {
  constexpr std::string_view kEnd = "\n</parameter>";
  for (size_t bytes = std::min(text.size(), kEnd.size() - 1); bytes > 0; --bytes) {
    const auto tail = text.substr(text.size() - bytes);
    if (kEnd.starts_with(tail) || kParameterEnd.starts_with(tail)) return text.size() - bytes;
  }
  return text.size();
}

// Becomes JSON as it comes: texts piece by piece, what may be a number, list or object when it is whole.
class TaggedFunctions : public CallReader {
 public:
  void push(std::string_view text, std::vector<ToolCall>& pieces) override {
    held_ += text;
    while (advance(pieces)) {
    }
  }
  bool is_complete() const override { return state_ == State::outside && has_calls_; }

 private:
  enum class State { outside, function, value, text_value, broken };

  // Whether there may be more.
  bool advance(std::vector<ToolCall>& pieces) {
    switch (state_) {
      case State::outside:
        return read_name(pieces);
      case State::function:
        return read_key(pieces);
      case State::value:
        return read_value(pieces);
      case State::text_value:
        return read_text(pieces);
      default:
        return false;
    }
  }

  bool read_name(std::vector<ToolCall>& pieces) {
    const size_t begin = held_.find(kFunction);
    const size_t close = begin == std::string::npos ? begin : held_.find('>', begin);
    if (close == std::string::npos) return false;
    const auto name =
        trimmed(std::string_view(held_).substr(begin + kFunction.size(), close - begin - kFunction.size()));
    held_.erase(0, close + 1);
    const bool is_name = !name.empty() && name.find('<') == std::string::npos;
    state_ = is_name ? State::function : State::broken;
    has_calls_ = true;
    keys_.clear();
    if (is_name) pieces.push_back({name, "{"});
    return is_name;
  }

  bool read_key(std::vector<ToolCall>& pieces) {
    const size_t parameter = held_.find(kParameter);
    const size_t end = held_.find(kFunctionEnd);
    if (end < parameter) {
      held_.erase(0, end + kFunctionEnd.size());
      pieces.push_back({{}, "}"});
      state_ = State::outside;
      return true;
    }
    const size_t close = parameter == std::string::npos ? parameter : held_.find('>', parameter);
    if (close == std::string::npos) return false;
    key_ =
        trimmed(std::string_view(held_).substr(parameter + kParameter.size(), close - parameter - kParameter.size()));
    held_.erase(0, close + 1);
    state_ = keys_.contains(key_) ? State::broken : State::value;
    return true;
  }

  // One line break on either side belongs to the tags.
  bool read_value(std::vector<ToolCall>& pieces) {
    const size_t end = held_.find(kParameterEnd);
    if (end == std::string::npos) return begins_text(pieces);
    std::string_view value = std::string_view(held_).substr(0, end);
    if (value.starts_with('\n')) value.remove_prefix(1);
    if (value.ends_with('\n')) value.remove_suffix(1);
    begin_member(pieces, Json::accept(value) ? std::string(value) : "\"" + escaped(value) + "\"");
    held_.erase(0, end + kParameterEnd.size());
    state_ = State::function;
    return true;
  }

  // Whether what has come of a value can be nothing but text.
  bool begins_text(std::vector<ToolCall>& pieces) {
    const std::string_view value = std::string_view(held_).substr(held_.starts_with('\n') ? 1 : 0);
    constexpr std::string_view kJson = "{[\"-0123456789tfn \t\r\n<";  // or of the end
    if (value.empty() || kJson.find(value.front()) != std::string_view::npos) return false;
    held_.erase(0, held_.size() - value.size());
    begin_member(pieces, "\"");
    state_ = State::text_value;
    return true;
  }

  bool read_text(std::vector<ToolCall>& pieces) {
    const size_t end = held_.find(kParameterEnd);
    const bool is_whole = end != std::string::npos;
    std::string_view text = std::string_view(held_).substr(0, is_whole ? end : certain_bytes(held_));
    const size_t bytes = text.size();
    if (is_whole && text.ends_with('\n')) text.remove_suffix(1);
    if (!text.empty() || is_whole) pieces.push_back({{}, escaped(text) + (is_whole ? "\"" : "")});
    held_.erase(0, is_whole ? end + kParameterEnd.size() : bytes);
    if (is_whole) state_ = State::function;
    return is_whole;
  }

  void begin_member(std::vector<ToolCall>& pieces, const std::string& value) {
    pieces.push_back({{}, fmt::format("{}\"{}\":{}", keys_.empty() ? "" : ",", escaped(key_), value)});
    keys_.insert(key_);
  }

  std::string held_;
  std::string key_;
  std::set<std::string> keys_;  // of the function so far
  State state_ = State::outside;
  bool has_calls_ = false;
};

std::unique_ptr<CallReader> open_functions() { return std::make_unique<TaggedFunctions>(); }

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
    .open = open_functions,
    .schema = nullptr,
    .body_prefix = {},
    .body_suffix = {},
};

}  // namespace adze::text
