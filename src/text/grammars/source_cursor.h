// Reading the text of a grammar character by character, with errors that say where.
#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace adze::text {

class SourceCursor {
 public:
  static constexpr char32_t kEnd = 0xFFFFFFFF;

  /// `name` stands in messages. Throws Error(bad_input) when the text is not UTF-8. The text must outlive the cursor.
  SourceCursor(std::string_view text, std::string name);

  bool at_end() const { return position_ == text_.size(); }
  char32_t peek() const;  // kEnd at the end
  char32_t take();        // throws at the end
  bool starts_with(std::string_view what) const { return text_.substr(position_).starts_with(what); }
  bool take_if(std::string_view what);
  void expect(std::string_view what, std::string_view why);
  /// 1 to 10 digits that fit. Throws Error(bad_input) for anything else.
  uint32_t take_number();
  /// Exactly so many hexadecimal digits.
  char32_t take_hexadecimal(int digits);

  size_t position() const { return position_; }
  void go_back_to(size_t position) { position_ = position; }
  std::string_view text_since(size_t begin) const { return text_.substr(begin, position_ - begin); }

  template <typename... Args>
  [[noreturn]] void refuse(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) const {
    throw Error(code, where() + fmt::vformat(format, fmt::make_format_args(args...)));
  }

 private:
  std::string where() const;  // "name:line:column: "

  std::string_view text_;
  std::string name_;
  size_t position_ = 0;
};

struct RepetitionBounds {
  uint32_t min = 0;
  uint32_t max = 0;
};

/// `*`, `+`, `?`, `{n}`, `{n,}` or `{n,m}`; nothing when none of them is there. `{` must begin a repetition.
std::optional<RepetitionBounds> take_repetition(SourceCursor& cursor);

}  // namespace adze::text
