#include "text/chat_templates/python_string.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/chat_templates/budget.h"

namespace adze::text::jinja {

namespace {

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

/// The last character of `text`. REQUIRES: not empty.
std::string_view last_character(std::string_view text) {
  size_t start = text.size() - 1;
  while (start > 0 && is_continuation(text[start])) --start;
  return text.substr(start);
}

bool should_strip(std::string_view character, std::optional<std::string_view> characters) {
  if (characters) return characters->find(character) != std::string_view::npos;
  return is_space(decode_utf8(character).code_point);
}

/// Parts of a text that are paid for one by one.
class Parts {
 public:
  explicit Parts(Budget& budget) : budget_(budget) {}
  void add(std::string_view part) {
    budget_.spend_values(1);
    budget_.spend_bytes(part.size());
    parts_.emplace_back(part);
  }
  size_t size() const { return parts_.size(); }
  std::vector<std::string> take() { return std::move(parts_); }
  std::vector<std::string> take_reversed() {
    std::reverse(parts_.begin(), parts_.end());
    return take();
  }

 private:
  Budget& budget_;
  std::vector<std::string> parts_;
};

std::string_view skip_spaces(std::string_view text) {
  while (!text.empty()) {
    const Utf8Character character = decode_utf8(text);
    if (!is_space(character.code_point)) break;
    text.remove_prefix(character.bytes);
  }
  return text;
}

size_t word_bytes(std::string_view text) {
  size_t bytes = 0;
  while (bytes < text.size()) {
    const Utf8Character character = decode_utf8(text.substr(bytes));
    if (is_space(character.code_point)) break;
    bytes += character.bytes;
  }
  return bytes;
}

std::vector<std::string> split_at_spaces(std::string_view text, int64_t most, Budget& budget) {
  Parts parts(budget);
  for (text = skip_spaces(text); !text.empty(); text = skip_spaces(text)) {
    const bool is_rest = most >= 0 && std::cmp_equal(parts.size(), most);
    const size_t bytes = is_rest ? text.size() : word_bytes(text);
    parts.add(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return parts.take();
}

/// Bytes of the word at the end of `text`.
size_t last_word_bytes(std::string_view text) {
  size_t start = text.size();
  while (start > 0) {
    const std::string_view character = last_character(text.substr(0, start));
    if (is_space(decode_utf8(character).code_point)) break;
    start -= character.size();
  }
  return text.size() - start;
}

std::vector<std::string> split_at_spaces_from_right(std::string_view text, int64_t most, Budget& budget) {
  Parts parts(budget);
  text = strip(text, Side::right);
  while (!text.empty() && (most < 0 || std::cmp_less(parts.size(), most))) {
    const size_t bytes = last_word_bytes(text);
    parts.add(text.substr(text.size() - bytes));
    text = strip(text.substr(0, text.size() - bytes), Side::right);
  }
  if (!text.empty()) parts.add(text);
  return parts.take_reversed();
}

/// Bytes of the line ending at the start of `text`; 0 when there is none.
size_t line_end_bytes(std::string_view text) {
  if (text.starts_with("\r\n")) return 2;
  const Utf8Character character = decode_utf8(text);
  switch (character.code_point) {
    case '\n':
    case '\r':
    case '\v':
    case '\f':
    case 0x1C:
    case 0x1D:
    case 0x1E:
    case 0x85:
    case 0x2028:
    case 0x2029:
      return character.bytes;
    default:
      return 0;
  }
}

}  // namespace

std::string to_utf8(std::u32string_view characters) {
  std::string out;
  for (const char32_t character : characters) append_utf8(out, character);
  return out;
}

size_t count_characters(std::string_view text) {
  return text.size() - static_cast<size_t>(std::count_if(text.begin(), text.end(), is_continuation));
}

bool is_space(char32_t character) {
  if (character < 0x80)
    return character == ' ' || (character >= 9 && character <= 13) || (character >= 0x1C && character <= 0x1F);
  return character == 0x85 || character == 0xA0 || character == 0x1680 ||
         (character >= 0x2000 && character <= 0x200A) || character == 0x2028 || character == 0x2029 ||
         character == 0x202F || character == 0x205F || character == 0x3000;
}

std::string_view strip(std::string_view text, Side side, std::optional<std::string_view> characters) {
  while (side != Side::right && !text.empty()) {
    const size_t bytes = decode_utf8(text).bytes;
    if (!should_strip(text.substr(0, bytes), characters)) break;
    text.remove_prefix(bytes);
  }
  while (side != Side::left && !text.empty()) {
    const std::string_view last = last_character(text);
    if (!should_strip(last, characters)) break;
    text.remove_suffix(last.size());
  }
  return text;
}

std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator, int64_t most,
                               Budget& budget) {
  if (!separator) return split_at_spaces(text, most, budget);
  if (separator->empty()) fail(ErrorCode::bad_input, "split() needs a separator that is not empty");
  Parts parts(budget);
  while (most < 0 || std::cmp_less(parts.size(), most)) {
    const size_t found = text.find(*separator);
    if (found == std::string_view::npos) break;
    parts.add(text.substr(0, found));
    text.remove_prefix(found + separator->size());
  }
  parts.add(text);
  return parts.take();
}

std::vector<std::string> split_from_right(std::string_view text, std::optional<std::string_view> separator,
                                          int64_t most, Budget& budget) {
  if (!separator) return split_at_spaces_from_right(text, most, budget);
  if (separator->empty()) fail(ErrorCode::bad_input, "rsplit() needs a separator that is not empty");
  Parts parts(budget);
  while (most < 0 || std::cmp_less(parts.size(), most)) {
    const size_t found = text.rfind(*separator);
    if (found == std::string_view::npos) break;
    parts.add(text.substr(found + separator->size()));
    text = text.substr(0, found);
  }
  parts.add(text);
  return parts.take_reversed();
}

std::vector<std::string> split_lines(std::string_view text, bool keep_ends, Budget& budget) {
  Parts lines(budget);
  size_t start = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end_bytes = line_end_bytes(text.substr(at));
    if (end_bytes == 0) {
      at += decode_utf8(text.substr(at)).bytes;
      continue;
    }
    lines.add(text.substr(start, at - start + (keep_ends ? end_bytes : 0)));
    at += end_bytes;
    start = at;
  }
  if (start < text.size()) lines.add(text.substr(start));
  return lines.take();
}

size_t count_occurrences(std::string_view text, std::string_view part) {
  if (part.empty()) return count_characters(text) + 1;
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

std::string replace(std::string_view text, std::string_view from, std::string_view to, int64_t most, Budget& budget) {
  size_t left = count_occurrences(text, from);
  if (most >= 0) left = std::min(left, static_cast<size_t>(most));
  budget.spend_bytes(text.size());
  for (size_t i = 0; i < left; ++i) budget.spend_bytes(to.size());
  std::string out;
  size_t at = 0;
  for (; left > 0; --left) {
    const size_t found = from.empty() ? at : text.find(from, at);
    out.append(text, at, found - at);
    out += to;
    at = found + from.size();
    // An empty pattern matches before every character and at the end.
    if (from.empty() && at < text.size()) {
      const size_t bytes = decode_utf8(text.substr(at)).bytes;
      out.append(text, at, bytes);
      at += bytes;
    }
  }
  out += text.substr(at);
  return out;
}

std::string repeat(std::string_view text, int64_t times, Budget& budget) {
  std::string out;
  if (text.empty()) return out;
  for (int64_t i = 0; i < times; ++i) {
    budget.spend_bytes(text.size());
    out += text;
  }
  return out;
}

SliceBounds clamp_slice(std::optional<int64_t> start, std::optional<int64_t> stop, int64_t step, int64_t size) {
  const int64_t lowest = step > 0 ? 0 : -1;
  const int64_t highest = step > 0 ? size : size - 1;
  const auto clamp = [&](int64_t index) { return std::clamp(index < 0 ? index + size : index, lowest, highest); };
  SliceBounds bounds{step > 0 ? lowest : highest, step > 0 ? highest : lowest};
  if (start) bounds.start = clamp(*start);
  if (stop) bounds.stop = clamp(*stop);
  return bounds;
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace adze::text::jinja
