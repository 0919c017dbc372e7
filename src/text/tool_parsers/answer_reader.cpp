#include "text/tool_parsers/answer_reader.h"

#include <algorithm>

namespace adze::text {
namespace {

constexpr std::string_view kOpen = "<think>";
constexpr std::string_view kClose = "</think>";
constexpr std::string_view kSpace = " \t\r\n";

// Bytes at the end of `text` that may be the beginning of `mark`.
size_t begun(std::string_view text, std::string_view mark) {
  for (size_t bytes = std::min(text.size(), mark.empty() ? 0 : mark.size() - 1); bytes > 0; --bytes) {
    if (text.ends_with(mark.substr(0, bytes))) return bytes;
  }
  return 0;
}

// Bytes of `text` in front of the white space at its end.
size_t without_space(std::string_view text) {
  const size_t last = text.find_last_not_of(kSpace);
  return last == std::string_view::npos ? 0 : last + 1;
}

void drop_space(std::string& text) { text.erase(0, std::min(text.find_first_not_of(kSpace), text.size())); }

// Bytes that can be shown: not the beginning of a mark, nor white space that may stand in front of one.
size_t certain(std::string_view text, std::string_view mark) {
  return without_space(text.substr(0, text.size() - begun(text, mark)));
}

}  // namespace

void append(AnswerPart& answer, const AnswerPart& more) {
  answer.thoughts += more.thoughts;
  answer.content += more.content;
  for (const auto& call : more.calls) {
    if (call.name.empty() && !answer.calls.empty()) {
      answer.calls.back().arguments += call.arguments;
    } else {
      answer.calls.push_back(call);
    }
  }
}

AnswerReader::AnswerReader(const AnswerForm& form)
    : form_(form), state_(form.begins_in_thoughts ? State::thoughts : State::start) {
  skips_space_ = form.begins_in_thoughts;
}

AnswerPart AnswerReader::push(std::string_view text) {
  held_ += text;
  AnswerPart part;
  advance(part, false);
  return part;
}

AnswerPart AnswerReader::finish() {
  AnswerPart part;
  advance(part, true);
  return part;
}

void AnswerReader::advance(AnswerPart& part, bool at_end) {
  for (bool goes_on = true; goes_on;) {
    if (skips_space_) {
      drop_space(held_);
      if (!held_.empty()) skips_space_ = false;
    }
    switch (state_) {
      case State::start:
        goes_on = read_start(part, at_end);
        break;
      case State::thoughts:
        goes_on = read_thoughts(part, at_end);
        break;
      case State::content:
        goes_on = read_content(part, at_end);
        break;
      case State::call:
        goes_on = read_call(part, at_end);
        break;
    }
  }
}

void AnswerReader::say(AnswerPart& part, size_t bytes) {
  part.content.append(held_, 0, bytes);
  held_.erase(0, bytes);
}

// What stands first decides: thoughts, a call that is the whole answer, or content.
bool AnswerReader::read_start(AnswerPart&, bool at_end) {
  const std::string_view text = std::string_view(held_).substr(std::min(held_.find_first_not_of(kSpace), held_.size()));
  if (text.empty() && !at_end) return false;
  if (form_.splits_thoughts && text.starts_with(kOpen)) {
    held_.erase(0, held_.size() - text.size() + kOpen.size());
    state_ = State::thoughts;
    skips_space_ = true;
    return true;
  }
  if (form_.splits_thoughts && kOpen.starts_with(text) && !at_end) return false;
  const bool is_bare = form_.tools && !form_.tools->bare_mark.empty() && text.starts_with(form_.tools->bare_mark);
  state_ = State::content;
  if (is_bare) begin_call({});
  return true;
}

bool AnswerReader::read_thoughts(AnswerPart& part, bool at_end) {
  const size_t close = held_.find(kClose);
  const bool is_closed = close != std::string::npos;
  const size_t shown = is_closed ? without_space(std::string_view(held_).substr(0, close))
                       : at_end  ? held_.size()
                                 : certain(held_, kClose);
  part.thoughts.append(held_, 0, shown);
  held_.erase(0, is_closed ? close + kClose.size() : shown);
  if (!is_closed) return false;
  form_.splits_thoughts = false;
  skips_space_ = true;
  state_ = State::start;
  return true;
}

bool AnswerReader::read_content(AnswerPart& part, bool at_end) {
  if (!form_.tools || form_.tools->begin.empty()) {
    say(part, held_.size());
    return false;
  }
  const size_t begin = held_.find(form_.tools->begin);
  if (begin == std::string::npos) {
    say(part, at_end ? held_.size() : certain(held_, form_.tools->begin));
    return false;
  }
  const size_t shown = without_space(std::string_view(held_).substr(0, begin));
  const size_t body = begin + form_.tools->begin.size();
  std::string opening = held_.substr(shown, body - shown);
  say(part, shown);
  held_.erase(0, opening.size());
  begin_call(std::move(opening));
  return true;
}

void AnswerReader::begin_call(std::string opening) {
  opening_ = std::move(opening);
  state_ = State::call;
  call_ = form_.tools->open();
  read_bytes_ = 0;
  pieces_.clear();
  has_told_ = false;
}

// Up to `bytes` of what is held.
void AnswerReader::push_body(AnswerPart& part, size_t bytes) {
  const auto fresh = std::string_view(held_).substr(read_bytes_, bytes - read_bytes_);
  call_->push(fresh, form_.streams_calls ? part.calls : pieces_);
  read_bytes_ = bytes;
}

bool AnswerReader::read_call(AnswerPart& part, bool at_end) {
  const auto end_mark = form_.tools->end;
  const size_t end = end_mark.empty() ? std::string::npos : held_.find(end_mark, read_bytes_);
  const bool has_ended = end != std::string::npos || at_end;
  const size_t told = part.calls.size();
  push_body(part, end != std::string::npos ? end : at_end ? held_.size() : held_.size() - begun(held_, end_mark));
  has_told_ = has_told_ || part.calls.size() > told;
  if (!has_ended) return false;
  const size_t whole = end == std::string::npos ? held_.size() : end + end_mark.size();
  state_ = State::content;
  has_broken_call_ = has_told_ && !call_->is_complete();
  if (has_told_ || call_->is_complete()) {
    append(part, {.thoughts = {}, .content = {}, .calls = std::move(pieces_)});
    held_.erase(0, whole);
    skips_space_ = true;
  } else {
    part.content += opening_;
    say(part, whole);
  }
  return !held_.empty();
}

}  // namespace adze::text
