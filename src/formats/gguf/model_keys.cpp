#include "formats/gguf/model_keys.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "formats/gguf/vocabulary_keys.h"

namespace adze::formats {
namespace {

constexpr std::string_view kArchitecture = "general.architecture";
constexpr std::string_view kGeneral = "general.";
constexpr std::string_view kTokenizer = "tokenizer.";
constexpr std::string_view kChatTemplate = "tokenizer.chat_template";
constexpr std::string_view kChatTemplateNames = "tokenizer.chat_templates";
constexpr std::string_view kConformanceKit = "adze.conformance.kit";
constexpr std::string_view kTokenTypeCount = "tokenizer.ggml.token_type_count";
constexpr std::string_view kEmbedding = "token_embd.weight";

// Defaults for sampling: GGUF's key behind "general." and Hugging Face's name, which Model::generation uses.
struct SamplingKey {
  std::string_view gguf;
  std::string_view generation;
  bool integer = false;
};
constexpr std::array kSamplingKeys = {
    SamplingKey{"sampling.sequence", "sequence"},
    SamplingKey{"sampling.top_k", "top_k", true},
    SamplingKey{"sampling.top_p", "top_p"},
    SamplingKey{"sampling.min_p", "min_p"},
    SamplingKey{"sampling.xtc_probability", "xtc_probability"},
    SamplingKey{"sampling.xtc_threshold", "xtc_threshold"},
    SamplingKey{"sampling.temp", "temperature"},
    SamplingKey{"sampling.penalty_last_n", "penalty_last_n", true},
    SamplingKey{"sampling.penalty_repeat", "repetition_penalty"},
    SamplingKey{"sampling.mirostat", "mirostat", true},
    SamplingKey{"sampling.mirostat_tau", "mirostat_tau"},
    SamplingKey{"sampling.mirostat_eta", "mirostat_eta"},
};

// The name in Model::generation, or empty.
std::string_view generation_name(std::string_view general_key) {
  const auto found = std::ranges::find(kSamplingKeys, general_key, &SamplingKey::gguf);
  return found == kSamplingKeys.end() ? std::string_view() : found->generation;
}

// JSON knows one kind of integer and of fraction; GGUF wants 32 bits. Values that came from GGUF stay.
model::Value as_gguf_number(const model::Value& value, bool integer) {
  if (const auto* whole = std::get_if<int64_t>(&value)) {
    return integer ? model::Value(static_cast<int32_t>(*whole)) : model::Value(static_cast<float>(*whole));
  }
  if (const auto* fraction = std::get_if<double>(&value)) {
    return integer ? model::Value(static_cast<int32_t>(*fraction)) : model::Value(static_cast<float>(*fraction));
  }
  return value;
}

// "tokenizer.chat_template" holds the default template, "tokenizer.chat_template.rag" the one named "rag".
bool is_chat_template(std::string_view key, const model::Value& value) {
  if (!key.starts_with(kChatTemplate) || !std::holds_alternative<std::string>(value)) return false;
  return key.size() == kChatTemplate.size() || key[kChatTemplate.size()] == '.';
}

std::string_view without_prefix(std::string_view key, std::string_view prefix) {
  return key.starts_with(prefix) ? key.substr(prefix.size()) : std::string_view();
}

void place_key(const std::string& key, model::Value value, model::Model& model) {
  const std::string own_prefix = model.architecture + ".";
  if (key == kArchitecture || key == kChatTemplateNames) return;  // written again from what they describe
  if (is_chat_template(key, value)) {
    const bool is_default = key.size() == kChatTemplate.size();
    model.chat_templates.emplace_back(is_default ? "" : key.substr(kChatTemplate.size() + 1),
                                      std::get<std::string>(std::move(value)));
  } else if (key == kConformanceKit && std::holds_alternative<std::string>(value)) {
    model.conformance_kit = std::get<std::string>(std::move(value));
  } else if (key.starts_with(kTokenizer)) {
    model.stored_tokenizer.append(key, std::move(value));
  } else if (const auto name = generation_name(without_prefix(key, kGeneral)); !name.empty()) {
    model.generation.set(std::string(name), std::move(value));
  } else if (key.starts_with(kGeneral)) {
    model.metadata.append(key.substr(kGeneral.size()), std::move(value));
  } else if (!model.architecture.empty() && key.starts_with(own_prefix)) {
    model.config.append(key.substr(own_prefix.size()), std::move(value));
  } else {
    model.other.append(key, std::move(value));
  }
}

void append_all(const model::KeyValues& from, const std::string& prefix, model::KeyValues& to) {
  for (const auto& [key, value] : from) to.append(prefix + key, value);
}

void append_sampling(const model::KeyValues& generation, model::KeyValues& keys) {
  for (const auto& sampling : kSamplingKeys) {
    if (const auto* value = generation.find(sampling.generation)) {
      keys.append(std::string(kGeneral) + std::string(sampling.gguf), as_gguf_number(*value, sampling.integer));
    }
  }
}

text::GgufVocabulary vocabulary_of(const model::Model& model) {
  const auto* embedding = model.tensors.find(kEmbedding);
  const auto rows = embedding ? static_cast<size_t>(embedding->shape.row_count()) : 0;
  return text::to_gguf_vocabulary(*model.tokenizer, rows);
}

// As stored, or rendered from a tokenizer that came from elsewhere.
model::KeyValues tokenizer_keys(const model::Model& model) {
  if (model.stored_tokenizer.size() > 0 || !model.tokenizer) return model.stored_tokenizer;
  return keys_of_vocabulary(vocabulary_of(model));
}

// Readers of encoders want it beside the tokenizer.
void append_token_type_count(const model::Model& model, model::KeyValues& keys) {
  const auto* types = model.tensors.find("token_types.weight");
  if (!types || keys.contains(kTokenTypeCount)) return;
  keys.append(std::string(kTokenTypeCount), static_cast<uint32_t>(types->shape.row_count()));
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

void distribute_keys(model::KeyValues keys, model::Model& model) {
  model.architecture = keys.find_string(kArchitecture).value_or("");
  for (auto& [key, value] : keys.take_all()) {
    model.key_order.push_back(key);
    place_key(key, std::move(value), model);
  }
}

std::shared_ptr<const text::TokenizerSpec> gguf_tokenizer(const model::Model& model) {
  if (model.stored_tokenizer.size() > 0 || !model.tokenizer) return model.tokenizer;
  return std::make_shared<const text::TokenizerSpec>(text::from_gguf_vocabulary(vocabulary_of(model)));
}

model::KeyValues collect_keys(const model::Model& model) {
  model::KeyValues keys;
  if (!model.architecture.empty()) keys.append(std::string(kArchitecture), model.architecture);
  append_sampling(model.generation, keys);
  append_all(model.metadata, std::string(kGeneral), keys);
  append_all(model.config, model.architecture + ".", keys);
  append_all(tokenizer_keys(model), "", keys);
  append_token_type_count(model, keys);
  append_chat_templates(model, keys);
  append_all(model.other, "", keys);
  if (!model.conformance_kit.empty()) keys.set(std::string(kConformanceKit), model.conformance_kit);
  return in_order(keys, model.key_order);
}

}  // namespace adze::formats
