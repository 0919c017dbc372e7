#include "cli/report_output.h"

#include "report/json_text.h"

namespace adze::cli {
void print_heading(Console& console, std::string_view title, bool is_first) {
  console.print("{}{}\n", is_first ? "" : "\n", console.styled(Style::strong, title));
}

void print_facts(Console& console, const report::FactList& facts) {
  console.write(facts.to_text(console.output_has_colours()));
}

void print_table(Console& console, const report::Table& table) {
  console.write(table.to_text({.colour = console.output_has_colours(), .columns = console.output_columns()}));
}

void print_json(Console& console, const Json& document) { console.write(report::indented_json(document) + "\n"); }

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
