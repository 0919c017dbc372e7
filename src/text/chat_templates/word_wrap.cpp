// The wordwrap filter: Python's textwrap without whitespace changes inside lines.
#include "base/utf8.h"
#include "text/chat_templates/filters.h"
#include "text/chat_templates/python_string.h"

namespace adze::text::jinja::filter {

namespace {

bool is_blank(char32_t c) { return c == ' ' || (c >= 9 && c <= 13); }

struct WrapStyle {
  size_t width = 79;
  bool breaks_long_words = true;
  bool breaks_on_hyphens = true;
};

/// After a hyphen between two letters a word may be broken.
bool breaks_after(std::u32string_view line, size_t at) {
  const auto is_letter = [&](size_t i) {
    return i < line.size() && is_word_character(line[i]) && !(line[i] >= '0' && line[i] <= '9');
  };
  return line[at] == '-' && at >= 2 && is_letter(at - 1) && is_letter(at - 2) && is_letter(at + 1) && is_letter(at + 2);
}

/// Words and the blanks between them.
std::vector<std::u32string> cut_into_chunks(std::u32string_view line, bool breaks_on_hyphens) {
  std::vector<std::u32string> chunks;
  for (size_t i = 0; i < line.size(); ++i) {
    const bool starts = i == 0 || is_blank(line[i]) != is_blank(line[i - 1]);
    if (starts || (breaks_on_hyphens && breaks_after(line, i - 1))) chunks.emplace_back();
    chunks.back() += line[i];
  }
  return chunks;
}

class Wrapper {
 public:
  explicit Wrapper(const WrapStyle& style) : style_(style) {}

  std::vector<std::string> wrap(std::u32string_view line) {
    for (std::u32string& chunk : cut_into_chunks(line, style_.breaks_on_hyphens)) add_chunk(std::move(chunk));
    finish_line();
    return std::move(lines_);
  }

 private:
  void add_chunk(std::u32string chunk) {
    if (current_.size() + chunk.size() > style_.width && !current_.empty() && !breaks(chunk)) finish_line();
    if (current_.empty() && !lines_.empty() && is_blank(chunk[0])) return;
    while (breaks(chunk) && current_.size() + chunk.size() > style_.width) {
      const size_t room = style_.width - current_.size();
      current_ += chunk.substr(0, room);
      chunk = chunk.substr(room);
      finish_line();
    }
    current_ += chunk;
  }

  bool breaks(const std::u32string& chunk) const {
    return style_.breaks_long_words && chunk.size() > style_.width && !is_blank(chunk[0]);
  }

  void finish_line() {
    while (!current_.empty() && is_blank(current_.back())) current_.pop_back();
    if (!current_.empty()) lines_.push_back(to_utf8(current_));
    current_.clear();
  }

  const WrapStyle& style_;
  std::u32string current_;
  std::vector<std::string> lines_;
};

}  // namespace

Value word_wrap(Call& call) {
  const int64_t width = call.integer_or(1, 79);
  if (width < 1) fail(ErrorCode::bad_input, "wordwrap: needs a width of at least 1");
  const WrapStyle style{static_cast<size_t>(width), !call.has(2) || call.flag(2), !call.has(4) || call.flag(4)};
  const std::string separator = call.has_value(3) ? call.string(3) : "\n";
  std::string text;
  bool is_first = true;
  for (const std::string& paragraph : split_lines(call.string(0), false, call.budget())) {
    std::vector<std::string> lines = Wrapper(style).wrap(utf8_to_code_points(paragraph));
    if (lines.empty()) lines.emplace_back();
    for (const std::string& line : lines) {
      call.budget().spend_bytes(line.size() + separator.size());
      if (!is_first) text += separator;
      is_first = false;
      text += line;
    }
  }
  return call.like_subject(std::move(text));
}

}  // namespace adze::text::jinja::filter
