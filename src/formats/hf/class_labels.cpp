#include "formats/hf/class_labels.h"

#include <charconv>
#include <map>
#include <vector>

#include "base/error.h"

namespace adze::formats {
namespace {

constexpr const char* kTable = "id2label";
constexpr const char* kReverseTable = "label2id";
constexpr const char* kLabels = "classifier.output_labels";
constexpr size_t kMostLabels = 65536;

size_t number_of(const std::string& text, const std::string& source) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail(ErrorCode::bad_input, "{}: \"{}\": '{}' is no number", source, kTable, text);
  }
  return number;
}

// In order of their numbers, which must be 0, 1, 2 …
std::vector<std::string> labels_of(const Json& table, const std::string& source) {
  std::map<size_t, std::string> by_number;
  for (const auto& [key, label] : table.items()) {
    if (!label.is_string()) fail(ErrorCode::bad_input, "{}: \"{}\" holds what is no text", source, kTable);
    by_number.emplace(number_of(key, source), label.get<std::string>());
  }
  std::vector<std::string> labels;
  for (const auto& [number, label] : by_number) {
    if (number != labels.size()) fail(ErrorCode::bad_input, "{}: \"{}\" lacks {}", source, kTable, labels.size());
    labels.push_back(label);
  }
  return labels;
}

bool is_made_up(const std::vector<std::string>& labels) { return labels.size() == 2 && labels[0] == "LABEL_0"; }

}  // namespace

void read_class_labels(const Json& config, const std::string& source, model::KeyValues& settings) {
  const auto table = config.find(kTable);
  if (table == config.end() || table->is_null()) return;
  if (!table->is_object() || table->size() > kMostLabels) {
    fail(ErrorCode::bad_input, "{}: \"{}\" is no table of at most {} names", source, kTable, kMostLabels);
  }
  auto labels = labels_of(*table, source);
  if (!labels.empty() && !is_made_up(labels)) settings.set(kLabels, std::move(labels));
}

void write_class_labels(const model::KeyValues& settings, ConfigEditor& editor) {
  const auto* value = settings.find(kLabels);
  const auto* labels = value ? std::get_if<std::vector<std::string>>(value) : nullptr;
  if (!labels) return;
  Json table = Json::object();
  Json reverse = Json::object();
  for (size_t number = 0; number < labels->size(); ++number) {
    table[std::to_string(number)] = (*labels)[number];
    reverse[(*labels)[number]] = number;
  }
  editor.set(kTable, table);
  editor.set(kReverseTable, reverse);
}

}  // namespace adze::formats
