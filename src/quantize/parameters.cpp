#include "quantize/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace adze::quantize {
namespace {

size_t index_of(std::span<const Parameter> parameters, std::string_view name) {
  const auto found = std::ranges::find(parameters, name, &Parameter::name);
  if (found != parameters.end()) return static_cast<size_t>(found - parameters.begin());
  std::string known;
  for (const Parameter& parameter : parameters) known += fmt::format("{}{}", known.empty() ? "" : ", ", parameter.name);
  fail(ErrorCode::bad_input, "the quantizer has no parameter '{}'; {}", name,
       known.empty() ? "it has none" : "it has " + known);
}

double parse_value(const Parameter& parameter, std::string_view text) {
  if (!parameter.choices.empty()) {
    const auto found = std::ranges::find(parameter.choices, text);
    if (found != parameter.choices.end()) return static_cast<double>(found - parameter.choices.begin());
  } else {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_whole = !parameter.is_integer || value == std::floor(value);
    const bool is_number = error == std::errc() && end == text.data() + text.size() && is_whole;
    if (is_number && value >= parameter.minimum && value <= parameter.maximum) return value;
  }
  fail(ErrorCode::bad_input, "{} is '{}', must be {}", parameter.name, text, parameter.range_text());
}

}  // namespace

std::string Parameter::text_of(double value) const {
  return choices.empty() ? fmt::format("{}", value) : std::string(choices[static_cast<size_t>(value)]);
}

std::string Parameter::range_text() const {
  if (!choices.empty()) return fmt::format("{}", fmt::join(choices, " or "));
  return fmt::format("{}{} to {}", is_integer ? "a whole number from " : "", minimum, maximum);
}

Settings::Settings(std::span<const Parameter> parameters, std::span<const std::string> words)
    : parameters_(parameters) {
  for (const Parameter& parameter : parameters) values_.push_back(parameter.initial);
  for (const std::string& word : words) {
    const size_t sign = word.find('=');
    if (sign == std::string::npos) fail(ErrorCode::bad_input, "'{}' is not of the form name=value", word);
    const size_t index = index_of(parameters, std::string_view(word).substr(0, sign));
    values_[index] = parse_value(parameters[index], std::string_view(word).substr(sign + 1));
  }
}

double Settings::number(std::string_view name) const { return values_.at(index_of(parameters_, name)); }

}  // namespace adze::quantize
