#include "formats/hf/model_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <initializer_list>
#include <map>

#include "formats/hf/model_card.h"
#include "formats/hf/model_id.h"

namespace adze::formats {
namespace {

constexpr std::string_view kHub = "https://huggingface.co/";

using Facts = std::map<std::string, std::string, std::less<>>;

// Keys of a card, the first that is there wins, and where their text goes.
struct CardFact {
  std::string_view fact;
  std::array<std::string_view, 3> card_keys;
};
constexpr std::array kCardFacts = {
    CardFact{"name", {"name", "model_name", ""}},
    CardFact{"author", {"author", "model_author", "model_creator"}},
    CardFact{"version", {"version", "model_version", ""}},
    CardFact{"organization", {"organization", "model_organization", ""}},
    CardFact{"description", {"description", "model_description", ""}},
    CardFact{"finetune", {"finetune", "model_finetune", ""}},
    CardFact{"basename", {"basename", "model_basename", "model_type"}},
    CardFact{"size_label", {"size_label", "model_size_label", ""}},
    CardFact{"license", {"license", "", ""}},
    CardFact{"license.name", {"license_name", "", ""}},
    CardFact{"license.link", {"license_link", "", ""}},
};

// The order in which GGUF files have them.
constexpr std::array<std::string_view, 11> kFactOrder = {"name",     "author",       "version",     "organization",
                                                         "finetune", "basename",     "description", "size_label",
                                                         "license",  "license.name", "license.link"};

const std::vector<std::string>* first_of(const ModelCard& card, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys) {
    const auto found = card.find(key);
    if (!key.empty() && found != card.end() && !found->second.empty()) return &found->second;
  }
  return nullptr;
}

std::string joined(const std::vector<std::string>& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ",") + value;
  return text;
}

Facts facts_of_card(const ModelCard& card) {
  Facts facts;
  for (const auto& fact : kCardFacts) {
    const auto& keys = fact.card_keys;
    if (const auto* value = first_of(card, {keys[0], keys[1], keys[2]})) facts.emplace(fact.fact, joined(*value));
  }
  return facts;
}

void add_facts_of_id(const ModelId& id, Facts& facts) {
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) facts.emplace(key, value);
  };
  add("name", title_of(id.full_name));
  add("organization", title_of(id.organization));
  add("basename", id.base_name);
  add("finetune", id.fine_tune);
  add("version", id.version);
  add("size_label", id.size_label);
}

// "general.base_model.0.name" …, from ids or addresses on the hub.
void set_origins(const std::string& prefix, const std::vector<std::string>* ids, int64_t parameters,
                 model::KeyValues& metadata) {
  if (!ids) return;
  metadata.set(prefix + ".count", static_cast<uint32_t>(ids->size()));
  for (size_t i = 0; i < ids->size(); ++i) {
    const auto& id = (*ids)[i];
    const bool is_address = id.find("://") != id.npos;
    const bool on_hub = id.starts_with(kHub);
    const auto parsed = parse_model_id(on_hub ? id.substr(kHub.size()) : id, parameters);
    const auto set = [&](const char* key, const std::string& value) {
      if (!value.empty()) metadata.set(fmt::format("{}.{}.{}", prefix, i, key), value);
    };
    if (!is_address || on_hub) {
      set("name", title_of(parsed.full_name));
      set("version", parsed.version);
      set("organization", title_of(parsed.organization));
    }
    if (is_address) {
      set("repo_url", id);
    } else if (!parsed.organization.empty()) {
      set("repo_url", std::string(kHub) + id);
    }
  }
}

void set_list(const char* key, const ModelCard& card, std::initializer_list<std::string_view> card_keys,
              model::KeyValues& metadata) {
  std::vector<std::string> values;
  for (const auto card_key : card_keys) {
    const auto found = card.find(card_key);
    if (found != card.end()) values.insert(values.end(), found->second.begin(), found->second.end());
  }
  if (!values.empty()) metadata.set(key, std::move(values));
}

std::string folder_name(const std::string& folder) {
  std::error_code ignored;
  auto path = std::filesystem::absolute(folder, ignored).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.filename().string();
}

}  // namespace

void read_model_names(const std::string& folder, const Json& config, model::Model& model) {
  const int64_t parameters = model.tensors.element_count();
  const ModelCard card = read_model_card(model.side_file("README.md"));
  Facts facts = facts_of_card(card);
  const auto hub_id = json_value<std::string>(config, "_name_or_path", "", folder);
  if (!hub_id.empty() && std::ranges::count(hub_id, '/') <= 1)
    add_facts_of_id(parse_model_id(hub_id, parameters), facts);
  add_facts_of_id(parse_model_id(folder_name(folder), parameters), facts);
  facts.emplace("size_label", size_label_of(parameters));

  model.metadata.set("type", std::string("model"));
  for (const auto key : kFactOrder) {
    const auto found = facts.find(key);
    if (found != facts.end()) model.metadata.set(std::string(key), found->second);
  }
  set_origins("base_model", first_of(card, {"base_model", "base_models", "base_model_sources"}), parameters,
              model.metadata);
  set_origins("dataset", first_of(card, {"datasets", "dataset", "dataset_sources"}), parameters, model.metadata);
  set_list("tags", card, {"tags", "pipeline_tag"}, model.metadata);
  set_list("languages", card, {"languages", "language"}, model.metadata);
}

}  // namespace adze::formats
