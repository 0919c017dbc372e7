#include "formats/hf/config_json.h"

#include <algorithm>
#include <limits>
#include <map>

#include "architectures/architecture.h"
#include "base/error.h"
#include "codecs/codec.h"
#include "formats/hf/json_numbers.h"
#include "formats/hf/rope_scaling.h"
#include "formats/hf/special_tokens.h"

namespace adze::formats {
namespace {

using architectures::Architecture;
using architectures::ConfigKind;
using architectures::ConfigName;

constexpr const char* kConfigFile = "config.json";
constexpr std::string_view kEmbedding = "token_embd.weight";
constexpr std::string_view kOutput = "output.weight";

// ---- reading

const Architecture& architecture_of(const Json& config, const std::string& source) {
  std::string classes;
  if (const auto list = config.find("architectures"); list != config.end() && list->is_array()) {
    for (const auto& name : *list) {
      if (!name.is_string()) continue;
      if (const auto* found = architectures::find_by_hugging_face_class(name.get<std::string>())) return *found;
      classes += (classes.empty() ? "" : ", ") + name.get<std::string>();
    }
  }
  std::string known;
  for (const auto* architecture : architectures::all_architectures()) {
    for (const auto& c : architecture->hugging_face_classes) {
      known += (known.empty() ? "" : ", ") + std::string(c.class_name);
    }
  }
  fail(ErrorCode::unsupported, "{}: architecture [{}] is not supported; known are: {}", source, classes, known);
}

[[noreturn]] void fail_setting(const std::string& source, const ConfigName& name, const Json& json,
                               const char* wanted) {
  fail(ErrorCode::bad_input, "{}: \"{}\" must be {}, but is {}", source, name.hugging_face, wanted, json.dump());
}

uint32_t checked_u32(const Json& json, const std::string& source, const ConfigName& name) {
  const bool fits = json.is_number_unsigned() && json.get<uint64_t>() <= std::numeric_limits<uint32_t>::max();
  if (!fits) fail_setting(source, name, json, "a whole number below 2^32");
  return json.get<uint32_t>();
}

model::Value setting_of(const Json& json, const std::string& source, const ConfigName& name) {
  switch (name.kind) {
    case ConfigKind::u32:
      return checked_u32(json, source, name);
    case ConfigKind::f32:
      if (!json.is_number()) fail_setting(source, name, json, "a number");
      return static_cast<float>(json.get<double>());
    case ConfigKind::boolean:
      if (!json.is_boolean()) fail_setting(source, name, json, "true or false");
      return json.get<bool>();
    case ConfigKind::string:
      if (!json.is_string()) fail_setting(source, name, json, "a string");
      return json.get<std::string>();
  }
  fail(ErrorCode::internal, "setting '{}' has no kind", name.canonical);
}

// What GGUF states beyond the table: the sizes that follow from head_dim.
void set_head_sizes(const Json& config, const std::string& source, model::KeyValues& settings) {
  const auto head_size = settings.find_int("attention.key_length");
  if (head_size) settings.set("attention.value_length", static_cast<uint32_t>(*head_size));
  const auto width = settings.find_int("embedding_length");
  const auto heads = settings.find_int("attention.head_count");
  if (!head_size && (!width || !heads || *heads == 0)) return;
  const double rotated = json_value<double>(config, "partial_rotary_factor", 1.0, source);
  if (!(rotated > 0 && rotated <= 1)) {
    fail(ErrorCode::bad_input, "{}: \"partial_rotary_factor\" is {}, must be above 0 and at most 1", source, rotated);
  }
  const auto dims = static_cast<double>(head_size ? *head_size : *width / *heads);
  settings.set("rope.dimension_count", static_cast<uint32_t>(dims * rotated));
}

// ---- writing

bool same_setting(const Json& json, const model::Value& value) {
  const Json wanted = json_of_value(value);
  if (json.is_number() && wanted.is_number()) {
    const bool narrow = std::holds_alternative<float>(value);
    return narrow ? static_cast<float>(json.get<double>()) == static_cast<float>(wanted.get<double>()) : json == wanted;
  }
  return json == wanted;
}

/// A config.json that is being brought in line with a model.
class ConfigEditor {
 public:
  explicit ConfigEditor(Json json) : json_(std::move(json)) {}

  void set(std::string_view key, const Json& value) {
    const std::string name(key);
    if (json_.contains(name) && json_[name] == value) return;
    json_[name] = value;
    changed_ = true;
  }
  /// Absent means `fallback` to readers, so an absent key with that value stays absent.
  void set_with_default(std::string_view key, const Json& value, const Json& fallback) {
    if (!json_.contains(std::string(key)) && value == fallback) return;
    set(key, value);
  }
  void set_value(std::string_view key, const model::Value& value) {
    const auto found = json_.find(std::string(key));
    if (found != json_.end() && same_setting(*found, value)) return;
    set(key, json_of_value(value));
  }
  bool contains(std::string_view key) const { return json_.contains(std::string(key)); }
  const Json& json() const { return json_; }
  bool changed() const { return changed_; }

 private:
  Json json_;
  bool changed_ = false;
};

// What Hugging Face takes for head_dim where config.json does not say; 0 when it cannot.
int64_t default_head_size(const model::KeyValues& config) {
  const auto width = config.find_int("embedding_length");
  const auto heads = config.find_int("attention.head_count");
  return width && heads && *heads > 0 ? *width / *heads : 0;
}

bool is_redundant_head_dim(const ConfigName& name, const model::KeyValues& config, const ConfigEditor& editor) {
  return name.hugging_face == "head_dim" && !editor.contains("head_dim") &&
         config.find_int(name.canonical) == default_head_size(config);
}

void set_rotated_part(const model::KeyValues& config, ConfigEditor& editor) {
  const int64_t head_size = config.find_int("attention.key_length").value_or(default_head_size(config));
  const auto rotated = config.find_int("rope.dimension_count");
  if (!rotated || head_size <= 0) return;
  editor.set_with_default("partial_rotary_factor", static_cast<double>(*rotated) / static_cast<double>(head_size), 1.0);
}

void set_config(const model::Model& model, const Architecture& architecture, ConfigEditor& editor) {
  for (const auto& name : architecture.config) {
    const auto* value = model.config.find(name.canonical);
    if (!value || is_redundant_head_dim(name, model.config, editor)) continue;
    if (name.canonical == "rope.freq_base" && !editor.contains("rope_theta") && editor.contains("rope_parameters")) {
      continue;  // newer files keep it in there
    }
    editor.set_value(name.hugging_face, *value);
  }
  if (!model.config.contains("vocab_size") && model.tensors.contains(kEmbedding)) {
    editor.set("vocab_size", model.tensors.at(kEmbedding).shape[0]);
  }
}

const architectures::HuggingFaceClass& class_for(const model::Model& model, const Architecture& architecture) {
  const auto& classes = architecture.hugging_face_classes;
  if (classes.empty()) fail(ErrorCode::unsupported, "'{}' has no Hugging Face class", architecture.name);
  const auto* chosen = &classes.front();
  for (const auto& candidate : classes) {
    if (candidate.needs_config.empty() || model.config.contains(candidate.needs_config)) chosen = &candidate;
  }
  return *chosen;
}

// What the table says about a model that does not come from Hugging Face.
void set_class(const model::Model& model, const Architecture& architecture, ConfigEditor& editor) {
  const auto& chosen = class_for(model, architecture);
  editor.set("architectures", Json::array({std::string(chosen.class_name)}));
  editor.set("model_type", std::string(chosen.model_type));
  for (const auto& constant : architecture.hugging_face_constants)
    editor.set(constant.key, std::string(constant.value));
  if (const Json scaling = rope_scaling_of(model); !scaling.is_null()) editor.set("rope_scaling", scaling);
}

// bfloat16 for most weights by size; integers and packed types have no say.
std::string dtype_name(const model::TensorList& tensors) {
  std::map<std::string_view, int64_t> bytes;
  for (const auto& tensor : tensors) bytes[tensor.storage->name] += tensor.byte_size();
  const std::pair<StorageType, const char*> names[] = {
      {&codecs::f32.info, "float32"}, {&codecs::bf16.info, "bfloat16"}, {&codecs::f16.info, "float16"}};
  const char* best = "float32";
  int64_t most = 0;
  for (const auto& [storage, name] : names) {
    if (bytes[storage->name] > most) {
      most = bytes[storage->name];
      best = name;
    }
  }
  return best;
}

void set_facts_of_tensors(const model::Model& model, const Architecture& architecture, ConfigEditor& editor) {
  for (const auto& flag : architecture.hugging_face_flags) {
    editor.set_with_default(flag.key, model.tensors.contains(flag.true_weight), false);
  }
  editor.set_with_default("tie_word_embeddings", !model.tensors.contains(kOutput), false);
  editor.set(editor.contains("dtype") ? "dtype" : "torch_dtype", dtype_name(model.tensors));
}

void set_special_tokens(const model::Model& model, ConfigEditor& editor) {
  if (!model.tokenizer) return;
  for (const auto& [key, id] : special_token_ids(*model.tokenizer)) {
    if (!editor.contains(key)) editor.set(key, id);
  }
}

Json with_sorted_keys(const Json& json) {
  std::map<std::string, Json> sorted;
  for (const auto& [key, value] : json.items()) sorted.emplace(key, value);
  return Json(sorted);
}

}  // namespace

void read_config_json(const Json& config, const std::string& source, model::Model& model) {
  if (!config.is_object()) fail(ErrorCode::bad_input, "{}: not a JSON object", source);
  const Architecture& architecture = architecture_of(config, source);
  model.architecture = architecture.name;
  for (const auto& name : architecture.config) {
    const auto found = config.find(std::string(name.hugging_face));
    if (found == config.end() || found->is_null()) continue;
    model.config.set(std::string(name.canonical), setting_of(*found, source, name));
  }
  set_head_sizes(config, source, model.config);
  read_rope_scaling(config, source, model);
}

std::string config_json_of(const model::Model& model) {
  const Architecture& architecture = architectures::architecture_named(model.architecture);
  const auto original = model.side_file(kConfigFile);
  ConfigEditor editor(original.empty() ? Json::object() : parse_json(original, kConfigFile));
  if (original.empty()) {
    set_class(model, architecture, editor);
    set_special_tokens(model, editor);
  }
  set_config(model, architecture, editor);
  set_rotated_part(model.config, editor);
  set_facts_of_tensors(model, architecture, editor);
  if (!editor.changed()) return std::string(original);
  return json_text(original.empty() ? with_sorted_keys(editor.json()) : editor.json());
}

}  // namespace adze::formats
