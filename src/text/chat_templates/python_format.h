// Python's three ways of formatting: '%' on strings, str.format(), and the format specifications both use.
#pragma once

#include <string>
#include <string_view>

#include "text/chat_templates/value.h"

namespace adze::text::jinja {

/// `format % arguments`: a tuple gives one value after another, a dict gives them by name.
Value format_percent(const Value& format, const Value& arguments, Budget& budget);
/// `format.format(*positional, **keyword)`.
Value format_braces(const Value& format, const Arguments& arguments, Budget& budget);
/// format(value, specification), as in '{:>8.3f}'.
std::string format_value(const Value& value, std::string_view specification, Budget& budget);
/// Digits with a fixed count behind the point, correctly rounded; `precision` at most kMaxPrecision.
std::string fixed_digits(double value, int precision);

inline constexpr int kMaxPrecision = 400;
inline constexpr int64_t kMaxWidth = 10000;

}  // namespace adze::text::jinja
