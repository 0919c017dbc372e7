// A template's text, and errors that say where in it something went wrong.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/error.h"

namespace adze::text::jinja {

struct Source {
  std::string name;
  std::string text;

  /// "name:line:column", both counted from 1; the column counts bytes.
  std::string position(size_t offset) const;

  template <typename... Args>
  [[noreturn]] void fail_at(size_t offset, fmt::format_string<Args...> format, Args&&... args) const {
    throw Error(ErrorCode::bad_input, position(offset) + ": " + fmt::format(format, std::forward<Args>(args)...));
  }
};

}  // namespace adze::text::jinja
