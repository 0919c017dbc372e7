#include "formats/gguf/model_keys.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>

namespace adze::formats {
namespace {

constexpr std::string_view kArchitecture = "general.architecture";
constexpr std::string_view kGeneral = "general.";
constexpr std::string_view kTokenizer = "tokenizer.";
constexpr std::string_view kChatTemplate = "tokenizer.chat_template";
constexpr std::string_view kChatTemplateNames = "tokenizer.chat_templates";

// "tokenizer.chat_template" holds the default template, "tokenizer.chat_template.rag" the one named "rag".
bool is_chat_template(std::string_view key, const model::Value& value) {
  if (!key.starts_with(kChatTemplate) || !std::holds_alternative<std::string>(value)) return false;
  return key.size() == kChatTemplate.size() || key[kChatTemplate.size()] == '.';
}

void place_key(const std::string& key, const model::Value& value, model::Model& model) {
  const std::string own_prefix = model.architecture + ".";
  if (key == kArchitecture || key == kChatTemplateNames) return;  // written again from what they describe
  if (is_chat_template(key, value)) {
    const bool is_default = key.size() == kChatTemplate.size();
    model.chat_templates.emplace_back(is_default ? "" : key.substr(kChatTemplate.size() + 1),
                                      std::get<std::string>(value));
  } else if (key.starts_with(kTokenizer)) {
    model.stored_tokenizer.append(key, value);
  } else if (key.starts_with(kGeneral)) {
    model.metadata.append(key.substr(kGeneral.size()), value);
  } else if (!model.architecture.empty() && key.starts_with(own_prefix)) {
    model.config.append(key.substr(own_prefix.size()), value);
  } else {
    model.other.append(key, value);
  }
}

void append_all(const model::KeyValues& from, const std::string& prefix, model::KeyValues& to) {
  for (const auto& [key, value] : from) to.append(prefix + key, value);
}

void append_chat_templates(const model::Model& model, model::KeyValues& keys) {
  std::vector<std::string> names;
  for (const auto& [name, source] : model.chat_templates) {
    const bool is_default = name.empty() || name == "default";
    keys.set(is_default ? std::string(kChatTemplate) : std::string(kChatTemplate) + "." + name, source);
    if (!is_default) names.push_back(name);
  }
  if (!names.empty()) keys.append(std::string(kChatTemplateNames), std::move(names));
}

model::KeyValues in_order(const model::KeyValues& keys, const std::vector<std::string>& order) {
  std::unordered_map<std::string_view, size_t> place;
  for (const auto& key : order) place.emplace(key, place.size());
  const auto place_of = [&](const auto* entry) {
    const auto found = place.find(entry->first);
    return found == place.end() ? place.size() : found->second;
  };
  std::vector<const std::pair<std::string, model::Value>*> entries;
  for (const auto& entry : keys) entries.push_back(&entry);
  std::ranges::stable_sort(entries, {}, place_of);
  model::KeyValues ordered;
  for (const auto* entry : entries) ordered.append(entry->first, entry->second);
  return ordered;
}

}  // namespace

void distribute_keys(const model::KeyValues& keys, model::Model& model) {
  model.architecture = keys.find_string(kArchitecture).value_or("");
  for (const auto& [key, value] : keys) {
    model.key_order.push_back(key);
    place_key(key, value, model);
  }
}

model::KeyValues collect_keys(const model::Model& model) {
  model::KeyValues keys;
  if (!model.architecture.empty()) keys.append(std::string(kArchitecture), model.architecture);
  append_all(model.metadata, std::string(kGeneral), keys);
  append_all(model.config, model.architecture + ".", keys);
  append_all(model.stored_tokenizer, "", keys);
  append_chat_templates(model, keys);
  append_all(model.other, "", keys);
  return in_order(keys, model.key_order);
}

}  // namespace adze::formats
