#include "cli/report_output.h"

#include <algorithm>

namespace adze::cli {
namespace {

constexpr auto kReplaceInvalid = Json::error_handler_t::replace;

std::string on_one_line(const Json& value) { return value.dump(-1, ' ', false, kReplaceInvalid); }

bool is_flat(const Json& value) {
  return value.empty() ||
         std::none_of(value.begin(), value.end(), [](const Json& item) { return item.is_structured(); });
}

void append_indented(std::string& out, const Json& value, size_t indent) {
  if (!value.is_structured() || value.empty() || (value.is_array() && is_flat(value))) {
    out += on_one_line(value);
    return;
  }
  out += value.is_object() ? "{" : "[";
  bool first = true;
  for (const auto& [key, item] : value.items()) {
    out.append(first ? "\n" : ",\n").append(indent + 2, ' ');
    if (value.is_object()) out.append(on_one_line(key)).append(": ");
    append_indented(out, item, indent + 2);
    first = false;
  }
  out.append("\n").append(indent, ' ').append(value.is_object() ? "}" : "]");
}

}  // namespace

void print_heading(Console& console, std::string_view title, bool is_first) {
  console.print("{}{}\n", is_first ? "" : "\n", console.styled(Style::strong, title));
}

void print_facts(Console& console, const report::FactList& facts) {
  console.write(facts.to_text(console.output_has_colours()));
}

void print_table(Console& console, const report::Table& table) {
  console.write(table.to_text({.colour = console.output_has_colours(), .columns = console.output_columns()}));
}

void print_json(Console& console, const Json& document) {
  std::string text;
  append_indented(text, document, 0);
  console.write(text + "\n");
}

void print_json_error(Console& console, std::string_view code, std::string_view message) {
  print_json(console, {{"error", {{"code", code}, {"message", message}}}});
}

Json to_json(const model::Value& value) {
  return std::visit(
      [](const auto& x) -> Json {
        using T = std::decay_t<decltype(x)>;
        if constexpr (std::is_same_v<T, model::BoolArray>) {
          Json array = Json::array();
          for (const uint8_t item : x.values) array.push_back(item != 0);
          return array;
        } else {
          return x;
        }
      },
      value);
}

Json to_json(const model::KeyValues& values) {
  Json object = Json::object();
  for (const auto& [key, value] : values) object[key] = to_json(value);
  return object;
}

}  // namespace adze::cli
