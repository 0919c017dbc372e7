#include "model/key_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <type_traits>

#include "base/error.h"

namespace adze::model {
namespace {

constexpr size_t kShownElements = 6;

template <typename T>
constexpr bool is_scalar = std::is_arithmetic_v<T>;

template <typename T>
std::string element_text(const T& element) {
  if constexpr (std::is_same_v<T, std::string>)
    return fmt::format("\"{}\"", element);
  else
    return fmt::format("{}", element);
}

template <typename T>
std::string array_text(const std::vector<T>& values) {
  std::string out = "[";
  for (size_t i = 0; i < std::min(values.size(), kShownElements); ++i) {
    out += (i ? ", " : "") + element_text(values[i]);
  }
  if (values.size() > kShownElements) out += fmt::format(", … {} in all", values.size());
  return out + "]";
}

[[noreturn]] void fail_type(std::string_view key, const Value& value, const char* wanted) {
  fail(ErrorCode::bad_input, "key '{}' must be {}, but is {}", key, wanted, to_string(value));
}

// The integer in a scalar, or nothing when the scalar is not an integer that fits.
std::optional<int64_t> as_int(const Value& value) {
  return std::visit(
      [](const auto& x) -> std::optional<int64_t> {
        using T = std::decay_t<decltype(x)>;
        if constexpr (std::is_same_v<T, uint64_t>) {
          if (x > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
          return static_cast<int64_t>(x);
        } else if constexpr (std::is_integral_v<T>) {
          return static_cast<int64_t>(x);
        } else {
          return std::nullopt;
        }
      },
      value);
}

std::optional<std::vector<int64_t>> as_ints(const Value& value) {
  return std::visit(
      [](const auto& x) -> std::optional<std::vector<int64_t>> {
        using T = std::decay_t<decltype(x)>;
        if constexpr (std::is_same_v<T, BoolArray>) {
          return std::vector<int64_t>(x.values.begin(), x.values.end());
        } else if constexpr (!is_scalar<T> && !std::is_same_v<T, std::string>) {
          if constexpr (std::is_integral_v<typename T::value_type>) {
            std::vector<int64_t> out;
            for (const auto element : x) out.push_back(static_cast<int64_t>(element));
            return out;
          }
        }
        return std::nullopt;
      },
      value);
}

}  // namespace

std::string to_string(const Value& value) {
  return std::visit(
      [](const auto& x) -> std::string {
        using T = std::decay_t<decltype(x)>;
        if constexpr (std::is_same_v<T, BoolArray>)
          return array_text(x.values);
        else if constexpr (is_scalar<T> || std::is_same_v<T, std::string>)
          return fmt::format("{}", x);
        else
          return array_text(x);
      },
      value);
}

const Value* KeyValues::find(std::string_view key) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.first == key; });
  return found == entries_.end() ? nullptr : &found->second;
}

void KeyValues::set(std::string key, Value value) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.first == key; });
  if (found != entries_.end()) {
    found->second = std::move(value);
  } else {
    entries_.emplace_back(std::move(key), std::move(value));
  }
}

void KeyValues::erase(std::string_view key) {
  std::erase_if(entries_, [&](const auto& e) { return e.first == key; });
}

std::optional<int64_t> KeyValues::find_int(std::string_view key) const {
  const Value* value = find(key);
  if (!value) return std::nullopt;
  const auto number = as_int(*value);
  if (!number) fail_type(key, *value, "an integer");
  return number;
}

std::optional<double> KeyValues::find_number(std::string_view key) const {
  const Value* value = find(key);
  if (!value) return std::nullopt;
  return std::visit(
      [&](const auto& x) -> double {
        using T = std::decay_t<decltype(x)>;
        if constexpr (is_scalar<T> && !std::is_same_v<T, bool>)
          return static_cast<double>(x);
        else
          fail_type(key, *value, "a number");
      },
      *value);
}

std::optional<bool> KeyValues::find_bool(std::string_view key) const {
  const Value* value = find(key);
  if (!value) return std::nullopt;
  if (!std::holds_alternative<bool>(*value)) fail_type(key, *value, "true or false");
  return std::get<bool>(*value);
}

std::optional<std::string> KeyValues::find_string(std::string_view key) const {
  const Value* value = find(key);
  if (!value) return std::nullopt;
  if (!std::holds_alternative<std::string>(*value)) fail_type(key, *value, "a string");
  return std::get<std::string>(*value);
}

std::optional<std::vector<int64_t>> KeyValues::find_ints(std::string_view key, size_t count) const {
  const Value* value = find(key);
  if (!value) return std::nullopt;
  if (const auto scalar = as_int(*value)) return std::vector<int64_t>(count, *scalar);
  auto values = as_ints(*value);
  if (!values) fail_type(key, *value, "an integer or an array of integers");
  if (values->size() != count) {
    fail(ErrorCode::bad_input, "key '{}' has {} elements instead of {}", key, values->size(), count);
  }
  return values;
}

int64_t KeyValues::require_int(std::string_view key) const {
  const auto value = find_int(key);
  if (!value) fail(ErrorCode::bad_input, "required key '{}' is missing", key);
  return *value;
}

double KeyValues::require_number(std::string_view key) const {
  const auto value = find_number(key);
  if (!value) fail(ErrorCode::bad_input, "required key '{}' is missing", key);
  return *value;
}

}  // namespace adze::model
