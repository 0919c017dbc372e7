#include "text/grammars/source_cursor.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "text/grammars/grammar.h"

namespace adze::text {

SourceCursor::SourceCursor(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {
  if (!is_valid_utf8(text)) fail(ErrorCode::bad_input, "{}: not UTF-8", name_);
}

std::string SourceCursor::where() const {
  const auto before = text_.substr(0, position_);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("{}:{}:{}: ", name_, line, 1 + utf8_to_code_points(before.substr(begin)).size());
}

char32_t SourceCursor::peek() const { return at_end() ? kEnd : decode_utf8(text_.substr(position_)).code_point; }

char32_t SourceCursor::take() {
  if (at_end()) refuse(ErrorCode::bad_input, "ends too early");
  const auto character = decode_utf8(text_.substr(position_));
  position_ += character.bytes;
  return character.code_point;
}

bool SourceCursor::take_if(std::string_view what) {
  if (!starts_with(what)) return false;
  position_ += what.size();
  return true;
}

void SourceCursor::expect(std::string_view what, std::string_view why) {
  if (!take_if(what)) refuse(ErrorCode::bad_input, "expected '{}' {}", what, why);
}

uint32_t SourceCursor::take_number() {
  uint64_t value = 0;
  int digits = 0;
  for (; peek() >= '0' && peek() <= '9'; ++digits) {
    value = value * 10 + (take() - '0');
    if (digits >= 9) refuse(ErrorCode::bad_input, "the number is too large");
  }
  if (digits == 0) refuse(ErrorCode::bad_input, "expected a number");
  return static_cast<uint32_t>(value);
}

char32_t SourceCursor::take_hexadecimal(int digits) {
  char32_t value = 0;
  for (int i = 0; i < digits; ++i) {
    const char32_t digit = peek();
    const bool is_letter = (digit >= 'a' && digit <= 'f') || (digit >= 'A' && digit <= 'F');
    if (!is_letter && (digit < '0' || digit > '9')) {
      refuse(ErrorCode::bad_input, "expected {} hexadecimal digits", digits);
    }
    value = value * 16 + (is_letter ? (digit | 0x20) - 'a' + 10 : digit - '0');
    take();
  }
  return value;
}

std::optional<RepetitionBounds> take_repetition(SourceCursor& cursor) {
  if (cursor.take_if("*")) return RepetitionBounds{0, kUnbounded};
  if (cursor.take_if("+")) return RepetitionBounds{1, kUnbounded};
  if (cursor.take_if("?")) return RepetitionBounds{0, 1};
  if (!cursor.take_if("{")) return std::nullopt;
  const auto skip_spaces = [&] {
    while (cursor.take_if(" ")) continue;
  };
  skip_spaces();
  RepetitionBounds bounds;
  bounds.min = bounds.max = cursor.take_number();
  skip_spaces();
  if (cursor.take_if(",")) {
    skip_spaces();
    bounds.max = cursor.peek() == '}' ? kUnbounded : cursor.take_number();
    skip_spaces();
  }
  cursor.expect("}", "behind a number of repetitions");
  if (bounds.max < bounds.min)
    cursor.refuse(ErrorCode::bad_input, "{{{},{}}}: the bounds are the wrong way round", bounds.min, bounds.max);
  return bounds;
}

}  // namespace adze::text
