#include "text/tool_parsers/json_scanner.h"

#include <algorithm>
#include <utility>

namespace adze::text {
namespace {

constexpr int kMaxDepth = 200;

}  // namespace

size_t JsonValueScanner::push(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_in_text_) {
      is_in_text_ = c != '"' || escapes_;
      escapes_ = c == '\\' && !escapes_;
      is_done_ = !is_in_text_ && depth_ == 0;
      if (is_done_) return i + 1;
    } else if (c == '"') {
      is_in_text_ = true;
    } else if (c == '{' || c == '[') {
      is_broken_ = ++depth_ > kMaxDepth;
      if (is_broken_) return i;
    } else if (depth_ == 0 && (c == ',' || c == '}' || c == ']' || is_json_space(c))) {
      is_done_ = true;  // a number or a word
      return i;
    } else if (c == '}' || c == ']') {
      is_done_ = --depth_ == 0;
      if (is_done_) return i + 1;
    }
  }
  return text.size();
}

JsonCallScanner::State JsonCallScanner::state_behind(char c) const {
  switch (state_) {
    case State::start:
      return c == '{' ? State::first_member : State::broken;
    case State::first_member:
    case State::next_member:
      return c == '"' ? State::key : State::broken;
    case State::colon:
      return c == ':' ? State::before_value : State::broken;
    case State::before_value:
      return State::value;
    case State::behind_value:
      if (c == ',') return State::next_member;
      return c == '}' && has_begun_ ? State::done : State::broken;
    default:
      return State::broken;
  }
}

size_t JsonCallScanner::push(std::string_view text, std::vector<ToolCall>& pieces) {
  size_t at = 0;
  while (at < text.size() && !is_done() && !is_broken()) {
    if (state_ == State::key || state_ == State::value) {
      at += push_value(text.substr(at), pieces);
      continue;
    }
    if (state_ != State::start && is_json_space(text[at])) {
      ++at;
      continue;
    }
    state_ = state_behind(text[at]);
    if (state_ == State::key || state_ == State::value) {
      scanner_ = {};
      value_.clear();
      is_of_arguments_ = state_ == State::value && std::ranges::find(keys_, key_) != keys_.end();
      if (is_of_arguments_ && has_arguments_) state_ = State::broken;
    } else {
      ++at;
    }
  }
  return at;
}

size_t JsonCallScanner::push_value(std::string_view text, std::vector<ToolCall>& pieces) {
  const size_t bytes = scanner_.push(text);
  value_ += text.substr(0, bytes);
  if (is_of_arguments_ && !name_.empty() && value_.starts_with('{')) say(text.substr(0, bytes), pieces);
  if (scanner_.is_broken()) state_ = State::broken;
  if (scanner_.is_done()) end_value(pieces);
  return bytes;
}

void JsonCallScanner::end_value(std::vector<ToolCall>& pieces) {
  if (!Json::accept(value_)) {
    state_ = State::broken;
  } else if (state_ == State::key) {
    key_ = Json::parse(value_).get<std::string>();
    state_ = State::colon;
  } else {
    const bool is_right = is_of_arguments_ ? read_arguments() : key_ != "name" || read_name();
    state_ = is_right ? State::behind_value : State::broken;
    if (is_right && !name_.empty() && !arguments_.empty()) say(std::exchange(arguments_, {}), pieces);
  }
}

bool JsonCallScanner::read_name() {
  const Json name = Json::parse(value_);
  if (!name.is_string() || !name_.empty()) return false;
  name_ = name.get<std::string>();
  return !name_.empty();
}

bool JsonCallScanner::read_arguments() {
  has_arguments_ = true;
  if (value_.starts_with('{')) {
    if (name_.empty()) arguments_ = value_;  // else they were told
    return true;
  }
  const Json text = Json::parse(value_);
  if (!text.is_string()) return false;
  arguments_ = text.get<std::string>();
  return Json::parse(arguments_, nullptr, false).is_object();
}

void JsonCallScanner::say(std::string_view arguments, std::vector<ToolCall>& pieces) {
  pieces.push_back({has_begun_ ? std::string() : name_, std::string(arguments)});
  has_begun_ = true;
}

}  // namespace adze::text
