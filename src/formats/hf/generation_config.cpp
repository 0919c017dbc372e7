#include "formats/hf/generation_config.h"

#include "base/error.h"
#include "formats/hf/json_numbers.h"
#include "formats/hf/special_tokens.h"

namespace adze::formats {
namespace {
constexpr const char* kGenerationFile = "generation_config.json";
}

void read_generation_config(const Json& config, const std::string& source, model::Model& model) {
  if (!config.is_object()) fail(ErrorCode::bad_input, "{}: not a JSON object", source);
  for (const auto& [key, json] : config.items()) {
    if (auto value = value_of_json(json)) model.generation.set(key, std::move(*value));
  }
}

std::string generation_config_of(const model::Model& model) {
  const auto original = model.side_file(kGenerationFile);
  Json config = original.empty() ? Json::object() : parse_json(original, kGenerationFile);
  const Json before = config;
  if (original.empty() && model.tokenizer) {
    for (const auto& [key, id] : special_token_ids(*model.tokenizer)) config[key] = id;
  }
  for (const auto& [key, value] : model.generation) {
    if (!config.contains(key) || value_of_json(config[key]) != value) config[key] = json_of_value(value);
  }
  if (config == before) return std::string(original);
  return json_text(config);
}

}  // namespace adze::formats
