#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "text/chat_templates/filters.h"
#include "text/chat_templates/operators.h"
#include "text/chat_templates/python_format.h"
#include "text/chat_templates/python_string.h"

namespace adze::text::jinja::filter {

namespace {

constexpr double kInt64Bound = 9223372036854775808.0;  // 2^63

void require_defined(const Value& value) {
  if (value.is_undefined())
    fail(ErrorCode::bad_input, "{} is undefined; use `| default(...)` first", value.undefined_hint());
}

/// Digits with single underscores between them, as Python reads numbers; empty when they are misplaced.
std::string remove_underscores(std::string_view digits) {
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    const bool is_inside = i > 0 && i + 1 < digits.size() && digits[i - 1] != '_';
    if (digits[i] == '_' && !is_inside) return {};
    if (digits[i] != '_') out += digits[i];
  }
  return out;
}

/// Cuts a 0x, 0o or 0b off `digits` where it agrees with `base`; base 0 takes it from there.
int64_t take_base_prefix(std::string& digits, int64_t base) {
  const std::string_view letters = "bBoOxX";
  const size_t found = digits.size() > 2 && digits[0] == '0' ? letters.find(digits[1]) : std::string_view::npos;
  const int64_t prefix_base = found == std::string_view::npos ? 0 : found < 2 ? 2 : found < 4 ? 8 : 16;
  if (prefix_base != 0 && (base == 0 || base == prefix_base)) {
    digits = digits.substr(2);
    return prefix_base;
  }
  return base == 0 ? 10 : base;
}

/// int(text, base); empty when Python would refuse.
std::optional<int64_t> parse_integer(std::string_view text, int64_t base) {
  if (base != 0 && (base < 2 || base > 36)) return std::nullopt;
  text = strip(text, Side::both);
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  std::string digits = remove_underscores(text);
  const int64_t used_base = take_base_prefix(digits, base);
  if (digits.empty() || digits[0] == '-') return std::nullopt;
  digits = (is_negative ? "-" : "") + digits;
  int64_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, static_cast<int>(used_base));
  if (result.ptr != digits.data() + digits.size()) return std::nullopt;
  if (result.ec == std::errc::result_out_of_range)
    fail(ErrorCode::unsupported, "int: '{}' does not fit 64 bits", digits);
  return value;
}

/// float(text); empty when Python would refuse.
std::optional<double> parse_float(std::string_view text) {
  text = strip(text, Side::both);
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  const std::string digits = remove_underscores(text);
  const bool starts_well = !digits.empty() && digits[0] != '-' && digits[0] != '+';
  // from_chars knows nan(...), Python does not.
  if (!starts_well || digits.find('(') != std::string::npos) return std::nullopt;
  double value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (result.ptr != digits.data() + digits.size()) return std::nullopt;
  if (result.ec == std::errc::result_out_of_range) value = std::strtod(digits.c_str(), nullptr);
  return is_negative ? -value : value;
}

std::optional<int64_t> truncate_to_integer(double value) {
  if (std::isnan(value)) return std::nullopt;
  if (std::abs(value) >= kInt64Bound) fail(ErrorCode::unsupported, "int: {} does not fit 64 bits", value);
  return static_cast<int64_t>(value);
}

std::optional<int64_t> integer_of(const Value& value, int64_t base) {
  if (value.is_integral()) return value.as_integer();
  if (value.is(Kind::floating)) return truncate_to_integer(value.as_number());
  if (!value.is_string()) return std::nullopt;
  if (const auto integer = parse_integer(value.as_string(), base)) return integer;
  const auto number = parse_float(value.as_string());
  return number && std::isfinite(*number) ? truncate_to_integer(*number) : std::nullopt;
}

std::optional<double> float_of(const Value& value) {
  if (value.is_number()) return value.as_number();
  return value.is_string() ? parse_float(value.as_string()) : std::nullopt;
}

/// Python's round(): to even in decimal, from the exact value of the double.
double round_half_even(double value, int64_t precision) {
  if (!std::isfinite(value) || precision > 330) return value;
  if (precision >= 0) return std::strtod(fixed_digits(value, static_cast<int>(precision)).c_str(), nullptr);
  if (precision < -310) return std::copysign(0.0, value);
  const double scale = std::pow(10.0, static_cast<double>(-precision));
  return std::nearbyint(value / scale) * scale;
}

int64_t round_integer(int64_t value, int64_t precision) {
  if (precision >= 0) return value;
  if (precision < -18) return 0;
  int64_t unit = 1;
  for (int64_t i = precision; i < 0; ++i) unit *= 10;
  const int64_t remainder = ((value % unit) + unit) % unit;
  const int64_t below = value - remainder;
  const bool rounds_up = remainder * 2 > unit || (remainder * 2 == unit && (below / unit) % 2 != 0);
  if (value < INT64_MIN + unit || value > INT64_MAX - unit) return value;
  return rounds_up ? below + unit : below;
}

}  // namespace

Value absolute(Call& call) {
  const Value& value = call.value(0);
  require_defined(value);
  if (!value.is_number()) fail(ErrorCode::bad_input, "abs: needs a number, got {}", value.type_name());
  if (value.is(Kind::floating)) return Value::floating(std::abs(value.as_number()));
  return value.as_integer() < 0 ? apply_unary(UnaryOperator::negate, value) : Value::integer(value.as_integer());
}

Value to_integer(Call& call) {
  require_defined(call.value(0));
  if (const auto integer = integer_of(call.value(0), call.integer_or(2, 10))) return Value::integer(*integer);
  return call.value_or(1, Value::integer(0));
}

Value to_float(Call& call) {
  require_defined(call.value(0));
  const auto number = float_of(call.value(0));
  return number ? Value::floating(*number) : call.value_or(1, Value::floating(0));
}

Value round(Call& call) {
  const Value& value = call.value(0);
  const int64_t precision = call.integer_or(1, 0);
  const std::string method = call.string_or(2, "common");
  require_defined(value);
  if (!value.is_number()) fail(ErrorCode::bad_input, "round: needs a number, got {}", value.type_name());
  if (method != "common" && method != "ceil" && method != "floor") {
    fail(ErrorCode::bad_input, "round: the method must be common, ceil or floor");
  }
  if (method == "common") {
    if (value.is_integral()) return Value::integer(round_integer(value.as_integer(), precision));
    return Value::floating(round_half_even(value.as_number(), precision));
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = value.as_number() * scale;
  return Value::floating((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

Value file_size(Call& call) {
  const auto number = float_of(call.value(0));
  if (!number) fail(ErrorCode::bad_input, "filesizeformat: needs a number, got {}", call.value(0).type_name());
  const double bytes = *number;
  const bool is_binary = call.flag(1);
  const double base = is_binary ? 1024 : 1000;
  if (bytes == 1) return Value::string("1 Byte");
  if (bytes < base) return Value::string(fixed_digits(std::trunc(bytes), 0) + " Bytes");
  constexpr std::array<const char*, 8> kPrefixes = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
  double unit = base * base;
  size_t index = 0;
  for (; index + 1 < kPrefixes.size() && bytes >= unit; ++index) unit *= base;
  const std::string prefix = is_binary && index == 0 ? "K" : kPrefixes[index];
  return Value::string(fixed_digits(base * bytes / unit, 1) + " " + prefix + (is_binary ? "iB" : "B"));
}

}  // namespace adze::text::jinja::filter
