#include "pipeline/request_json.h"

#include <fmt/format.h>

#include "base/error.h"
#include "pipeline/calibrated_inputs.h"
#include "quantize/quantizer.h"

namespace adze::pipeline {
namespace {

Json name_or_null(const codecs::Codec* codec) { return codec ? Json(codec->info.name) : Json(nullptr); }

const codecs::Codec* codec_or_null(const Json& json, const char* key, const std::string& source) {
  const auto name = json_value(json, key, std::string(), source);
  return name.empty() ? nullptr : &codecs::require_codec(name);
}

// All of them, whatever their initial values become.
Json settings_of(std::span<const quantize::Parameter> parameters, const std::vector<std::string>& given) {
  const quantize::Settings settings(parameters, given);
  Json words = Json::array();
  for (const auto& parameter : parameters) {
    words.push_back(fmt::format("{}={}", parameter.name, parameter.text_of(settings.number(parameter.name))));
  }
  return words;
}

Json to_json(const std::vector<quantize::RecipeTransform>& transforms) {
  Json list = Json::array();
  for (const auto& [name, settings] : transforms) {
    list.push_back({{"name", name}, {"set", settings_of(transforms::transform_named(name).parameters, settings)}});
  }
  return list;
}

void transforms_from(const Json& json, const std::string& source, QuantizeRequest& request) {
  for (const auto& [name, settings] : quantize::parse_transforms(json, source)) {
    request.transforms.push_back(name);
    for (const auto& setting : settings) request.settings.push_back(fmt::format("{}.{}", name, setting));
  }
}

quantize::TypeOverrides overrides_from(const Json& json, const std::string& source) {
  quantize::TypeOverrides overrides;
  const auto patterns = json.find("tensor_types");
  if (patterns != json.end() && patterns->is_array()) {
    for (const Json& pattern : *patterns) {
      if (!pattern.is_object()) fail(ErrorCode::bad_input, "{}: \"tensor_types\" holds no object", source);
      const auto* codec = codec_or_null(pattern, "type", source);
      if (!codec) fail(ErrorCode::bad_input, "{}: an entry of \"tensor_types\" has no type", source);
      overrides.patterns.push_back({json_value(pattern, "regex", std::string(), source), codec});
    }
  }
  overrides.token_embedding = codec_or_null(json, "embedding_type", source);
  overrides.output = codec_or_null(json, "output_type", source);
  overrides.pure = json_value(json, "pure", false, source);
  overrides.keep_output = json_value(json, "leave_output", false, source);
  return overrides;
}

}  // namespace

Json to_json(const QuantizeRequest& request) {
  const auto& quantizer = chosen_quantizer(quantizer_name(request), request.statistics);
  std::vector<std::string> words;
  const auto transforms = transforms_of(request, words);
  Json patterns = Json::array();
  for (const auto& [regex, codec] : request.overrides.patterns) {
    patterns.push_back({{"regex", regex}, {"type", codec->info.name}});
  }
  const Json recipe = request.recipe ? parse_json(quantize::to_json(*request.recipe), "recipe") : Json(nullptr);
  return {{"format", request.format},
          {"type", request.recipe ? Json(nullptr) : Json(request.type)},
          {"recipe", recipe},
          {"quantizer", quantizer.name},
          {"settings", settings_of(quantizer.parameters, words)},
          {"transforms", to_json(transforms)},
          {"tensor_types", patterns},
          {"embedding_type", name_or_null(request.overrides.token_embedding)},
          {"output_type", name_or_null(request.overrides.output)},
          {"pure", request.overrides.pure},
          {"leave_output", request.overrides.keep_output},
          {"allow_requantize", request.allow_requantize},
          {"without_importance", request.without_importance},
          {"allow_mismatch", request.allow_mismatch},
          {"keep_split", request.keep_split},
          {"shard_bytes", request.max_shard_bytes}};
}

QuantizeRequest request_from_json(const Json& json, const std::string& source) {
  if (!json.is_object()) fail(ErrorCode::bad_input, "{}: the options are no JSON object", source);
  QuantizeRequest request;
  request.format = json_value(json, "format", std::string(), source);
  request.type = json_value(json, "type", std::string(), source);
  if (const auto recipe = json.find("recipe"); recipe != json.end() && !recipe->is_null()) {
    request.recipe = quantize::parse_recipe(recipe->dump(), source);
  }
  request.quantizer = json_value(json, "quantizer", std::string(), source);
  request.settings = json_value(json, "settings", std::vector<std::string>(), source);
  transforms_from(json, source, request);
  request.overrides = overrides_from(json, source);
  request.allow_requantize = json_value(json, "allow_requantize", false, source);
  request.without_importance = json_value(json, "without_importance", false, source);
  request.allow_mismatch = json_value(json, "allow_mismatch", false, source);
  request.keep_split = json_value(json, "keep_split", false, source);
  request.max_shard_bytes = json_value(json, "shard_bytes", uint64_t{0}, source);
  return request;
}

}  // namespace adze::pipeline
