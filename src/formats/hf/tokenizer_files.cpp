#include "formats/hf/tokenizer_files.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "formats/hf/json_numbers.h"
#include "formats/hf/special_tokens.h"
#include "text/tokenizers/tokenizer_file.h"
#include "text/tokenizers/tokenizer_json.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTokenizer = "tokenizer.json";
constexpr const char* kTokenizerConfig = "tokenizer_config.json";
constexpr const char* kSpecialTokensMap = "special_tokens_map.json";
constexpr const char* kChatTemplate = "chat_template.jinja";
constexpr const char* kMoreTemplates = "additional_chat_templates";
constexpr const char* kConformanceKit = "adze_conformance.json";
constexpr std::string_view kTemplateSuffix = ".jinja";

std::string text_if_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored) ? read_text_file(path.string()) : std::string();
}

// The first of these that is there, or a file of tiktoken; empty: none.
fs::path tokenizer_file_in(const fs::path& folder) {
  std::error_code ignored;
  for (const char* name : {kTokenizer, "tokenizer.model", "tekken.json"}) {
    if (fs::is_regular_file(folder / name, ignored)) return folder / name;
  }
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".tiktoken") others.push_back(entry.path());
  }
  return others.empty() ? fs::path() : std::ranges::min(others);
}

// Ids that end a generation: one number or a list.
std::vector<int32_t> end_ids_of(const model::KeyValues& generation) {
  const auto* value = generation.find("eos_token_id");
  std::vector<int32_t> ids;
  if (!value) return ids;
  if (const auto* id = std::get_if<int64_t>(value)) ids.push_back(static_cast<int32_t>(*id));
  if (const auto* list = std::get_if<std::vector<int64_t>>(value)) {
    for (const int64_t id : *list) ids.push_back(static_cast<int32_t>(id));
  }
  return ids;
}

void set_template(model::Model& model, const std::string& name, std::string source) {
  const std::string key = name == "default" ? "" : name;
  const auto found = std::ranges::find(model.chat_templates, key, [](const auto& entry) { return entry.first; });
  if (found != model.chat_templates.end()) {
    found->second = std::move(source);
  } else {
    model.chat_templates.emplace_back(key, std::move(source));
  }
}

// One template, or a list of {"name": …, "template": …}.
void read_config_templates(const Json& templates, const std::string& source, model::Model& model) {
  if (templates.is_null()) return;
  if (templates.is_string()) return set_template(model, "", templates.get<std::string>());
  if (!templates.is_array()) fail(ErrorCode::bad_input, "{}: \"chat_template\" is neither text nor a list", source);
  for (const auto& entry : templates) {
    if (!entry.is_object()) fail(ErrorCode::bad_input, "{}: \"chat_template\" has an entry without a name", source);
    set_template(model, json_value<std::string>(entry, "name", "", source),
                 json_value<std::string>(entry, "template", "", source));
  }
}

Json config_templates_of(const model::Model& model) {
  if (model.chat_templates.empty()) return nullptr;
  if (model.chat_templates.size() == 1 && model.chat_templates[0].first.empty()) return model.chat_templates[0].second;
  Json list = Json::array();
  for (const auto& [name, source] : model.chat_templates) {
    list.push_back({{"name", name.empty() ? "default" : name}, {"template", source}});
  }
  return list;
}

// The text stays as it was unless the templates changed.
std::string tokenizer_config_of(const model::Model& model, bool with_templates) {
  const std::string text = text::to_tokenizer_config_json(*model.tokenizer);
  Json config = parse_json(text, kTokenizerConfig);
  const Json wanted = with_templates ? config_templates_of(model) : Json(nullptr);
  const auto found = config.find("chat_template");
  const Json current = found == config.end() ? Json(nullptr) : *found;
  if (current == wanted) return text;
  if (wanted.is_null()) {
    config.erase("chat_template");
  } else {
    config["chat_template"] = wanted;
  }
  return json_text(config);
}

std::string special_tokens_map_of(const model::Model& model) {
  const auto original = model.side_file(kSpecialTokensMap);
  if (!original.empty()) return std::string(original);
  Json map = Json::object();
  for (const auto& [name, id] : special_tokens_of(*model.tokenizer)) {
    map[name] = model.tokenizer->tokens[static_cast<size_t>(id)].text;
  }
  return json_text(map);
}

}  // namespace

void read_tokenizer_files(const std::string& folder, model::Model& model) {
  const fs::path path = tokenizer_file_in(folder);
  if (path.empty()) {
    log_message(LogLevel::warning, folder + ": no tokenizer.json; the model has no tokenizer");
    return;
  }
  const auto config = text_if_there(fs::path(folder) / kTokenizerConfig);
  auto spec = text::read_tokenizer_file(read_text_file(path.string()), config, path.string());
  spec.end_ids = end_ids_of(model.generation);
  model.tokenizer = std::make_shared<const text::TokenizerSpec>(std::move(spec));
}

void read_chat_templates(const std::string& folder, model::Model& model) {
  const fs::path root(folder);
  const std::string config = text_if_there(root / kTokenizerConfig);
  if (!config.empty()) {
    const auto source = (root / kTokenizerConfig).string();
    const Json json = parse_json(config, source);
    if (json.is_object() && json.contains("chat_template")) read_config_templates(json["chat_template"], source, model);
  }
  std::error_code missing;
  if (fs::exists(root / kChatTemplate, missing))
    set_template(model, "", read_text_file((root / kChatTemplate).string()));
  std::vector<fs::path> more;
  for (const auto& entry : fs::directory_iterator(root / kMoreTemplates, missing)) {
    if (entry.path().extension() == kTemplateSuffix && entry.is_regular_file()) more.push_back(entry.path());
  }
  std::ranges::sort(more);
  for (const auto& path : more) set_template(model, path.stem().string(), read_text_file(path.string()));
}

void read_conformance_kit(const std::string& folder, model::Model& model) {
  model.conformance_kit = text_if_there(fs::path(folder) / kConformanceKit);
}

std::shared_ptr<const text::TokenizerSpec> hf_tokenizer(const model::Model& model) {
  if (!model.tokenizer || !model.tokenizer->tokenizer_json.empty()) return model.tokenizer;
  auto spec = text::read_tokenizer_json(text::to_tokenizer_json(*model.tokenizer),
                                        text::to_tokenizer_config_json(*model.tokenizer), model.tokenizer->source);
  spec.end_ids = end_ids_of(model.generation);
  return std::make_shared<const text::TokenizerSpec>(std::move(spec));
}

void write_tokenizer_files(const model::Model& model, const OutputFolder& folder) {
  if (!model.conformance_kit.empty()) write_text_file(folder.path_of(kConformanceKit), model.conformance_kit);
  if (!model.tokenizer) return;
  const bool in_own_file = !model.side_file(kChatTemplate).empty() && model.chat_templates.size() == 1;
  write_text_file(folder.path_of(kTokenizer), text::to_tokenizer_json(*model.tokenizer));
  write_text_file(folder.path_of(kTokenizerConfig), tokenizer_config_of(model, !in_own_file));
  write_text_file(folder.path_of(kSpecialTokensMap), special_tokens_map_of(model));
  if (in_own_file) write_text_file(folder.path_of(kChatTemplate), *model.chat_template());
}

}  // namespace adze::formats
