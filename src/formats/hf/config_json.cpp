#include "formats/hf/config_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "architectures/architecture.h"
#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"
#include "formats/hf/class_labels.h"
#include "formats/hf/config_editor.h"
#include "formats/hf/config_settings.h"
#include "formats/hf/json_numbers.h"
#include "formats/hf/rope_scaling.h"
#include "formats/hf/special_tokens.h"

namespace adze::formats {
namespace {

using architectures::Architecture;

constexpr const char* kConfigFile = "config.json";
constexpr std::string_view kEmbedding = "token_embd.weight";
constexpr std::string_view kTokenTypes = "token_types.weight";
constexpr std::string_view kOutput = "output.weight";
constexpr std::array kQuantizationKeys = {"quantization_config", "compression_config"};

// ---- reading

std::vector<std::string> class_names(const Json& config) {
  std::vector<std::string> names;
  const auto list = config.is_object() ? config.find("architectures") : config.end();
  if (!config.is_object() || list == config.end() || !list->is_array()) return names;
  for (const auto& name : *list) {
    if (name.is_string()) names.push_back(name.get<std::string>());
  }
  return names;
}

struct KnownClass {
  const Architecture* architecture = nullptr;
  const architectures::HuggingFaceClass* hugging_face = nullptr;
};

// Of several classes the first that is known.
KnownClass find_class(const Json& config) {
  for (const auto& name : class_names(config)) {
    if (const auto* found = architectures::find_by_hugging_face_class(name)) {
      return {found, architectures::find_hugging_face_class(*found, name)};
    }
  }
  return {};
}

KnownClass require_class(const Json& config, const std::string& source) {
  if (const KnownClass found = find_class(config); found.architecture) return found;
  fail(ErrorCode::unsupported, "{}: {}", source, unknown_class(config));
}

constexpr int64_t kUsualPadding = 1;  // where config.json does not say, for those that count from it

void read_position_offset(const Json& config, const std::string& source, model::KeyValues& settings) {
  constexpr int64_t kMostUnused = 4096;
  const auto padding = json_value(config, "pad_token_id", kUsualPadding, source);
  if (padding < 0 || padding >= kMostUnused) {
    fail(ErrorCode::bad_input, "{}: \"pad_token_id\" is {}, and positions start behind it", source, padding);
  }
  settings.set("position_offset", static_cast<uint32_t>(padding + 1));
}

// ---- writing

const architectures::HuggingFaceClass& class_for(const model::Model& model, const Architecture& architecture) {
  const auto& classes = architecture.hugging_face_classes;
  if (classes.empty()) fail(ErrorCode::unsupported, "'{}' has no Hugging Face class", architecture.name);
  const auto* chosen = &classes.front();
  for (const auto& candidate : classes) {
    const bool has_weight = candidate.needs_weight.empty() || model.tensors.contains(candidate.needs_weight);
    const bool has_config = candidate.needs_config.empty() || model.config.contains(candidate.needs_config);
    if (has_weight && has_config) chosen = &candidate;
  }
  return *chosen;
}

// What the table says about a model that does not come from Hugging Face.
void set_class(const model::Model& model, const Architecture& architecture, ConfigEditor& editor) {
  const auto& chosen = class_for(model, architecture);
  editor.set("architectures", Json::array({std::string(chosen.class_name)}));
  editor.set("model_type", std::string(chosen.model_type));
  for (const auto& constant : architecture.hugging_face_constants) {
    editor.set(constant.key, parse_json(constant.value, "the table of an architecture"));
  }
  if (const Json scaling = rope_scaling_of(model); !scaling.is_null()) editor.set("rope_scaling", scaling);
}

// Packed weights count for the type of their scales.
StorageType float_type(StorageType storage) {
  const auto* layout = codecs::group_layout_of(storage);
  if (!layout) layout = codecs::column_group_layout_of(storage);
  if (!layout) return storage;
  switch (layout->scale) {
    case codecs::GroupScale::float16:
      return &codecs::f16.info;
    case codecs::GroupScale::bfloat16:
      return &codecs::bf16.info;
    case codecs::GroupScale::float32:
      return &codecs::f32.info;
    case codecs::GroupScale::e8m0:
    case codecs::GroupScale::e4m3:
      break;
  }
  return storage;
}

// The float type of most weights by size.
std::string dtype_name(const model::TensorList& tensors) {
  std::map<StorageType, int64_t> bytes;
  for (const auto& tensor : tensors) bytes[float_type(tensor.storage)] += tensor.byte_size();
  const std::pair<StorageType, const char*> names[] = {
      {&codecs::f32.info, "float32"}, {&codecs::bf16.info, "bfloat16"}, {&codecs::f16.info, "float16"}};
  const char* best = "float32";
  int64_t most = 0;
  for (const auto& [storage, name] : names) {
    if (bytes[storage] > most) {
      most = bytes[storage];
      best = name;
    }
  }
  return best;
}

void set_facts_of_tensors(const model::Model& model, const Architecture& architecture, ConfigEditor& editor) {
  for (const auto& flag : architecture.hugging_face_flags) {
    editor.set_with_default(flag.key, model.tensors.contains(flag.true_weight), false);
  }
  const bool has_output = std::ranges::find(architecture.weights, kOutput, &architectures::WeightName::canonical) !=
                          architecture.weights.end();
  if (has_output) editor.set_with_default("tie_word_embeddings", !model.tensors.contains(kOutput), false);
  if (const auto* types = model.tensors.find(kTokenTypes)) editor.set("type_vocab_size", types->shape[0]);
  editor.set(editor.contains("dtype") ? "dtype" : "torch_dtype", dtype_name(model.tensors));
}

void set_special_tokens(const model::Model& model, ConfigEditor& editor) {
  if (!model.tokenizer) return;
  for (const auto& [key, id] : special_token_ids(*model.tokenizer)) {
    if (!editor.contains(key)) editor.set(key, id);
  }
}

// Whoever writes quantized weights says so anew.
void forget_quantization(ConfigEditor& editor) {
  if (editor.contains("quantization")) editor.erase(kAdzeConfigKey);  // an MLX folder's
  editor.erase("quantization");
  for (const auto* key : kQuantizationKeys) editor.erase(key);
}

Json with_sorted_keys(const Json& json) {
  std::map<std::string, Json> sorted;
  for (const auto& [key, value] : json.items()) sorted.emplace(key, value);
  return Json(sorted);
}

}  // namespace

const char* quantization_key_of(const Json& config) {
  if (!config.is_object()) return nullptr;
  for (const auto* key : kQuantizationKeys) {
    if (const auto found = config.find(key); found != config.end() && !found->is_null()) return key;
  }
  return nullptr;
}

const Architecture* architecture_of_config(const Json& config) { return find_class(config).architecture; }

std::string unknown_class(const Json& config) {
  std::string classes;
  for (const auto& name : class_names(config)) classes += (classes.empty() ? "" : ", ") + name;
  std::string known;
  for (const auto* architecture : architectures::all_architectures()) {
    for (const auto& c : architecture->hugging_face_classes) {
      known += (known.empty() ? "" : ", ") + std::string(c.class_name);
    }
  }
  return fmt::format("architecture [{}] is not supported; known are: {}", classes, known);
}

void read_config_json(const Json& config, const std::string& source, model::Model& model) {
  if (!config.is_object()) fail(ErrorCode::bad_input, "{}: not a JSON object", source);
  const KnownClass known = require_class(config, source);
  model.architecture = known.architecture->name;
  if (known.hugging_face->positions_follow_padding) read_position_offset(config, source, model.config);
  if (!known.hugging_face->needs_weight.empty()) read_class_labels(config, source, model.config);
  read_settings(config, source, *known.architecture, model.config);
  read_rope_scaling(config, source, model);
}

const architectures::HuggingFaceClass& class_to_write(const model::Model& model) {
  const auto original = model.side_file(kConfigFile);
  const KnownClass stated = original.empty() ? KnownClass{} : find_class(parse_json(original, kConfigFile));
  const auto& architecture = architectures::architecture_named(model.architecture);
  return stated.architecture == &architecture ? *stated.hugging_face : class_for(model, architecture);
}

std::string config_json_of(const model::Model& model) {
  const Architecture& architecture = architectures::architecture_named(model.architecture);
  const auto original = model.side_file(kConfigFile);
  ConfigEditor editor(original.empty() ? Json::object() : parse_json(original, kConfigFile));
  if (original.empty()) {
    set_class(model, architecture, editor);
    write_class_labels(model.config, editor);
    set_special_tokens(model, editor);
  }
  forget_quantization(editor);
  write_settings(model, architecture, editor);
  if (!model.config.contains("vocab_size") && model.tensors.contains(kEmbedding)) {
    editor.set("vocab_size", model.tensors.at(kEmbedding).shape[0]);
  }
  set_facts_of_tensors(model, architecture, editor);
  if (!editor.changed()) return std::string(original);
  return json_text(original.empty() ? with_sorted_keys(editor.json()) : editor.json());
}

}  // namespace adze::formats
