#include "formats/hf/embedding_modules.h"

#include <array>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "formats/hf/json_numbers.h"
#include "model/pooling.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;
using model::Pooling;

constexpr const char* kModules = "modules.json";
constexpr const char* kPoolingFolder = "1_Pooling";
constexpr const char* kPoolingConfig = "config.json";
constexpr std::string_view kModulePrefix = "sentence_transformers.models.";

struct PoolingMode {
  const char* flag;  // older files have one for each mode
  const char* name;  // newer ones a name
  Pooling pooling;
};
constexpr std::array kPoolingModes = {
    PoolingMode{"pooling_mode_mean_tokens", "mean", Pooling::mean},
    PoolingMode{"pooling_mode_cls_token", "cls", Pooling::cls},
    PoolingMode{"pooling_mode_lasttoken", "lasttoken", Pooling::last},
};

// A folder inside of the model's.
fs::path module_folder(const std::string& root, const std::string& name) {
  const fs::path relative(name);
  bool leaves = relative.is_absolute();
  for (const auto& part : relative) leaves |= part == "..";
  if (leaves) fail(ErrorCode::bad_input, "{}/{}: the path \"{}\" leads out of the folder", root, kModules, name);
  return fs::path(root) / relative;
}

void read_pooling(const fs::path& folder, model::Model& model) {
  const std::string path = (folder / kPoolingConfig).string();
  const Json config = read_json_file(path);
  if (!config.is_object()) fail(ErrorCode::bad_input, "{}: not a JSON object", path);
  const auto name = json_value<std::string>(config, "pooling_mode", "", path);
  const PoolingMode* chosen = nullptr;
  for (const auto& mode : kPoolingModes) {
    const bool wanted = json_value(config, mode.flag, false, path) || name == mode.name;
    if (wanted && chosen) fail(ErrorCode::unsupported, "{}: several poolings together are not supported", path);
    if (wanted) chosen = &mode;
  }
  if (!chosen) fail(ErrorCode::unsupported, "{}: only the poolings mean, cls and last token are supported", path);
  set_pooling(model, chosen->pooling);
}

Json module_entry(int number, const std::string& path, const char* type) {
  return {
      {"idx", number}, {"name", std::to_string(number)}, {"path", path}, {"type", std::string(kModulePrefix) + type}};
}

Json pooling_config(Pooling pooling, int64_t width) {
  Json config = {{"word_embedding_dimension", width}};
  for (const auto& mode : kPoolingModes) config[mode.flag] = mode.pooling == pooling;
  config["pooling_mode_max_tokens"] = false;
  config["pooling_mode_mean_sqrt_len_tokens"] = false;
  return config;
}

bool is_pooled(Pooling pooling) { return pooling != Pooling::none && pooling != Pooling::rank; }

}  // namespace

void read_embedding_modules(const std::string& folder, model::Model& model) {
  const std::string path = (fs::path(folder) / kModules).string();
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return;
  const Json modules = read_json_file(path);
  if (!modules.is_array()) fail(ErrorCode::bad_input, "{}: not a list of modules", path);
  bool normalizes = false;
  for (const Json& entry : modules) {
    if (!entry.is_object()) fail(ErrorCode::bad_input, "{}: a module is not a JSON object", path);
    const auto type = json_value<std::string>(entry, "type", "", path);
    if (type.ends_with(".Pooling")) {
      read_pooling(module_folder(folder, json_value<std::string>(entry, "path", "", path)), model);
    } else if (type.ends_with(".Normalize")) {
      normalizes = true;
    } else if (!type.ends_with(".Transformer")) {
      fail(ErrorCode::unsupported, "{}: the module \"{}\" is not supported (Transformer, Pooling and Normalize are)",
           path, type);
    }
  }
  if (!normalizes) set_normalizes_embeddings(model, false);
}

void write_embedding_modules(const model::Model& model, const OutputFolder& folder) {
  const bool makes_embeddings = is_encoder(model) || states_pooling(model);
  if (!makes_embeddings || !model.side_file("config.json").empty()) return;
  const Pooling pooling = pooling_of(model);
  if (!is_pooled(pooling)) return;
  Json modules = Json::array({module_entry(0, "", "Transformer"), module_entry(1, kPoolingFolder, "Pooling")});
  if (normalizes_embeddings(model)) modules.push_back(module_entry(2, "2_Normalize", "Normalize"));
  write_text_file(folder.path_of(kModules), json_text(modules));
  std::error_code ignored;  // writing into it says what is wrong
  fs::create_directory(folder.path_of(kPoolingFolder), ignored);
  const auto width = model.config.require_int("embedding_length");
  write_text_file(folder.path_of(std::string(kPoolingFolder) + "/" + kPoolingConfig),
                  json_text(pooling_config(pooling, width)));
}

}  // namespace adze::formats
