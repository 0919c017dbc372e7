#include "formats/hf/json_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <type_traits>

namespace adze::formats {
namespace {

template <typename T>
Json json_of(const T& value) {
  if constexpr (std::is_same_v<T, float>) {
    return shortest_double(static_cast<double>(value));
  } else {
    return value;
  }
}

std::optional<model::Value> value_of_array(const Json& array) {
  const auto all = [&](auto predicate) { return std::ranges::all_of(array, predicate); };
  if (all([](const Json& j) { return j.is_number_integer(); })) return array.get<std::vector<int64_t>>();
  if (all([](const Json& j) { return j.is_number(); })) return array.get<std::vector<double>>();
  if (all([](const Json& j) { return j.is_string(); })) return array.get<std::vector<std::string>>();
  return std::nullopt;
}

}  // namespace

double shortest_double(double value) {
  const auto narrow = static_cast<float>(value);
  if (static_cast<double>(narrow) != value) return value;
  return std::strtod(fmt::format("{}", narrow).c_str(), nullptr);
}

std::optional<model::Value> value_of_json(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_unsigned() && json.get<uint64_t>() > INT64_MAX) return json.get<uint64_t>();
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array() && !json.empty()) return value_of_array(json);
  return std::nullopt;
}

Json json_of_value(const model::Value& value) {
  return std::visit(
      [](const auto& x) -> Json {
        using T = std::decay_t<decltype(x)>;
        if constexpr (std::is_same_v<T, model::BoolArray>) {
          Json array = Json::array();
          for (const uint8_t flag : x.values) array.push_back(flag != 0);
          return array;
        } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
          return json_of(x);
        } else {
          Json array = Json::array();
          for (const auto& element : x) array.push_back(json_of(element));
          return array;
        }
      },
      value);
}

std::string json_text(const Json& json) {
  constexpr int kIndent = 2;
  return json.dump(kIndent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace adze::formats
