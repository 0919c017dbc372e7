#include "formats/hf/config_settings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>

#include "base/error.h"
#include "formats/hf/json_numbers.h"

namespace adze::formats {
namespace {

using architectures::Architecture;
using architectures::ConfigKind;
using architectures::ConfigName;

constexpr const char* kHeadSize = "attention.key_length";
constexpr const char* kValueSize = "attention.value_length";
constexpr const char* kRotaryParameters = "rope_parameters";

// ---- reading

[[noreturn]] void fail_setting(const std::string& source, const ConfigName& name, const Json& json,
                               const char* wanted) {
  fail(ErrorCode::bad_input, "{}: \"{}\" must be {}, but is {}", source, name.hugging_face, wanted, json.dump());
}

uint32_t checked_u32(const Json& json, const std::string& source, const ConfigName& name) {
  const bool fits = json.is_number_unsigned() && json.get<uint64_t>() <= std::numeric_limits<uint32_t>::max();
  if (!fits) fail_setting(source, name, json, "a whole number below 2^32");
  return json.get<uint32_t>();
}

double checked_number(const Json& json, const std::string& source, const ConfigName& name) {
  if (!json.is_number()) fail_setting(source, name, json, "a number");
  return json.get<double>();
}

// Positions that belong to no token, which config.json counts and canonical form does not.
int64_t unused_positions(const model::KeyValues& settings) { return settings.find_int("position_offset").value_or(0); }

uint32_t used_positions(const Json& json, const std::string& source, const ConfigName& name,
                        const model::KeyValues& settings) {
  const int64_t all = checked_u32(json, source, name);
  const int64_t unused = unused_positions(settings);
  if (all <= unused) {
    fail(ErrorCode::bad_input, "{}: \"{}\" is {}, but the first {} positions are not used", source, name.hugging_face,
         all, unused);
  }
  return static_cast<uint32_t>(all - unused);
}

// 0 where neither the file nor its sizes say.
int64_t head_size_of(const model::KeyValues& settings) {
  if (const auto stated = settings.find_int(kHeadSize)) return *stated;
  const auto width = settings.find_int("embedding_length");
  const auto heads = settings.find_int("attention.head_count");
  return width && heads && *heads > 0 ? *width / *heads : 0;
}

std::optional<model::Value> rotated_dims(double share, const std::string& source, const ConfigName& name,
                                         const model::KeyValues& settings) {
  if (!(share > 0 && share <= 1)) {
    fail(ErrorCode::bad_input, "{}: \"{}\" is {}, must be above 0 and at most 1", source, name.hugging_face, share);
  }
  const int64_t size = head_size_of(settings);
  if (size <= 0) return std::nullopt;
  return static_cast<uint32_t>(static_cast<double>(size) * share);
}

// A head is its unrotated dimensions, then the rotated ones.
std::optional<model::Value> whole_head(uint32_t unrotated, const std::string& source, const ConfigName& name,
                                       const model::KeyValues& settings) {
  const int64_t whole = int64_t{unrotated} + settings.require_int("rope.dimension_count");
  if (whole > std::numeric_limits<uint32_t>::max()) {
    fail(ErrorCode::bad_input, "{}: \"{}\" is {}, too many", source, name.hugging_face, unrotated);
  }
  return static_cast<uint32_t>(whole);
}

// GGUF's numbers.
constexpr std::array<std::string_view, 3> kExpertScores = {"", "softmax", "sigmoid"};

std::optional<model::Value> expert_scores(const Json& json, const std::string& source, const ConfigName& name) {
  const auto word = json.is_string() ? json.get<std::string>() : "";
  const auto found = std::ranges::find(kExpertScores, word);
  if (word.empty() || found == kExpertScores.end()) fail_setting(source, name, json, "\"softmax\" or \"sigmoid\"");
  return static_cast<uint32_t>(found - kExpertScores.begin());
}

bool checked_boolean(const Json& json, const std::string& source, const ConfigName& name) {
  if (!json.is_boolean()) fail_setting(source, name, json, "true or false");
  return json.get<bool>();
}

std::optional<model::Value> inverse_root(double number, const std::string& source, const ConfigName& name,
                                         const model::KeyValues& settings) {
  if (!(number > 0))
    fail(ErrorCode::bad_input, "{}: \"{}\" is {}, must be positive", source, name.hugging_face, number);
  if (number == static_cast<double>(head_size_of(settings))) return std::nullopt;
  return static_cast<float>(1 / std::sqrt(number));
}

// A range of steps that lets every step be. Python writes infinity as no JSON does; it is read as null.
constexpr double kNoLimit = 1e30;

void check_no_limits(const Json& json, const std::string& source, const ConfigName& name) {
  const auto allows_all = [](const Json& range) {
    return range.is_array() && range.size() == 2 && range[0].is_number() && range[0].get<double>() <= 0 &&
           (range[1].is_null() || (range[1].is_number() && range[1].get<double>() >= kNoLimit));
  };
  if (allows_all(json)) return;
  fail(ErrorCode::unsupported, "{}: \"{}\" is {}; only a range without limits is supported", source, name.hugging_face,
       json.dump());
}

std::optional<model::Value> setting_of(const Json& json, const std::string& source, const ConfigName& name,
                                       const model::KeyValues& settings) {
  switch (name.kind) {
    case ConfigKind::u32:
      return checked_u32(json, source, name);
    case ConfigKind::positions:
      return used_positions(json, source, name, settings);
    case ConfigKind::f32:
      return static_cast<float>(checked_number(json, source, name));
    case ConfigKind::boolean:
      return checked_boolean(json, source, name);
    case ConfigKind::set_boolean:
      if (checked_boolean(json, source, name)) return true;
      return std::nullopt;
    case ConfigKind::latent_head:
      checked_u32(json, source, name);
      return uint32_t{1};
    case ConfigKind::unrotated_part:
      return whole_head(checked_u32(json, source, name), source, name, settings);
    case ConfigKind::expert_scores:
      return expert_scores(json, source, name);
    case ConfigKind::only_gguf:
      return checked_u32(json, source, name);
    case ConfigKind::state_head:
      checked_u32(json, source, name);
      return std::nullopt;
    case ConfigKind::no_limits:
      check_no_limits(json, source, name);
      return std::nullopt;
    case ConfigKind::string:
      if (!json.is_string()) fail_setting(source, name, json, "a string");
      return json.get<std::string>();
    case ConfigKind::part_of_head:
      return rotated_dims(checked_number(json, source, name), source, name, settings);
    case ConfigKind::inverse_root:
      return inverse_root(checked_number(json, source, name), source, name, settings);
  }
  fail(ErrorCode::internal, "setting '{}' has no kind", name.canonical);
}

// The number that stands for an absent setting.
std::optional<double> fallback_of(const ConfigName& name, const model::KeyValues& settings) {
  if (!name.fallback.factor || name.fallback.canonical.empty()) return name.fallback.factor;
  const auto other = settings.find_number(name.fallback.canonical);
  return other ? std::optional(*name.fallback.factor * *other) : std::nullopt;
}

std::optional<Json> fallback_json(const ConfigName& name, const model::KeyValues& settings) {
  const auto number = fallback_of(name, settings);
  if (!number) return std::nullopt;
  if (name.kind == ConfigKind::boolean) return Json(*number != 0);
  const bool whole =
      name.kind == ConfigKind::u32 || name.kind == ConfigKind::only_gguf || name.kind == ConfigKind::unrotated_part;
  if (whole) return Json(static_cast<uint64_t>(*number));
  return Json(*number);
}

const Json* member(const Json& object, std::string_view key) {
  const auto found = object.is_object() ? object.find(std::string(key)) : object.end();
  return !object.is_object() || found == object.end() || found->is_null() ? nullptr : &*found;
}

// Newer files keep what belongs to rotary positions together, once for each kind of layer where these differ.
const Json* rotary_parameter(const Json& config, std::string_view key) {
  const Json* parameters = member(config, kRotaryParameters);
  if (!parameters) return nullptr;
  if (const Json* found = member(*parameters, key)) return found;
  const bool local = key == "rope_local_base_freq";
  const Json* layers = member(*parameters, local ? "sliding_attention" : "full_attention");
  return layers ? member(*layers, local ? "rope_theta" : key) : nullptr;
}

const Json* find_setting(const Json& config, std::string_view key) {
  const Json* found = member(config, key);
  return found ? found : rotary_parameter(config, key);
}

void check_constants(const Json& config, const std::string& source, const Architecture& architecture) {
  for (const auto& constant : architecture.hugging_face_constants) {
    const Json* found = find_setting(config, constant.key);
    if (!found || *found == parse_json(constant.value, "the table of an architecture")) continue;
    fail(ErrorCode::unsupported, "{}: \"{}\" is {}; of architecture '{}' only {} is supported", source, constant.key,
         found->dump(), architecture.name, constant.value);
  }
}

bool depends_on_head_size(const ConfigName& name) {
  return name.kind == ConfigKind::part_of_head || name.kind == ConfigKind::inverse_root ||
         name.kind == ConfigKind::unrotated_part;
}

// ---- writing

// The name that the file already uses for a setting, else the first.
bool is_name_to_write(const ConfigName& name, const Architecture& architecture, const ConfigEditor& editor) {
  const ConfigName* chosen = nullptr;
  for (const auto& candidate : architecture.config) {
    if (candidate.canonical != name.canonical) continue;
    if (!chosen || (!editor.contains(chosen->hugging_face) && editor.contains(candidate.hugging_face))) {
      chosen = &candidate;
    }
  }
  return chosen == &name;
}

bool is_written_as_it_is(ConfigKind kind) {
  const ConfigKind plain[] = {ConfigKind::u32, ConfigKind::f32, ConfigKind::boolean, ConfigKind::string};
  return std::ranges::find(plain, kind) != std::end(plain);
}

// What config.json has in place of a canonical value; null: nothing.
Json json_of_setting(const ConfigName& name, const model::KeyValues& settings) {
  const model::Value* value = settings.find(name.canonical);
  const int64_t size = head_size_of(settings);
  if (name.kind == ConfigKind::inverse_root) {
    if (!value) return size > 0 ? Json(size) : Json();
    const double scale = *settings.find_number(name.canonical);
    const double number = 1 / (scale * scale);
    const bool whole = std::abs(number - std::round(number)) < 1e-4 * number;
    return whole ? Json(static_cast<int64_t>(std::round(number))) : Json(number);
  }
  if (name.kind == ConfigKind::set_boolean) return Json(value != nullptr);
  if (name.kind == ConfigKind::only_gguf) return nullptr;
  if (name.kind == ConfigKind::no_limits) return Json::array({0.0, std::numeric_limits<float>::max()});
  if (name.kind == ConfigKind::state_head) {
    return settings.require_int("ssm.inner_size") / settings.require_int("ssm.time_step_rank");
  }
  if (!value) return nullptr;
  if (name.kind == ConfigKind::latent_head) return settings.require_int("attention.head_count");
  if (name.kind == ConfigKind::unrotated_part) {
    return settings.require_int(name.canonical) - settings.require_int("rope.dimension_count");
  }
  if (name.kind == ConfigKind::expert_scores) {
    const auto number = static_cast<size_t>(settings.require_int(name.canonical));
    return number > 0 && number < kExpertScores.size() ? Json(std::string(kExpertScores[number])) : Json();
  }
  if (name.kind == ConfigKind::part_of_head) {
    if (size <= 0) return nullptr;
    return static_cast<double>(settings.require_int(name.canonical)) / static_cast<double>(size);
  }
  if (name.kind == ConfigKind::positions) {
    return settings.require_int(name.canonical) + unused_positions(settings);
  }
  return json_of_value(*value);
}

// An absent key of a file stays absent where readers take the same for it.
bool is_implied(const ConfigName& name, const Json& wanted, const model::KeyValues& settings,
                const ConfigEditor& editor) {
  if (editor.contains(name.hugging_face)) return false;
  if (editor.contains(kRotaryParameters) && rotary_parameter(editor.json(), name.hugging_face)) return true;
  if (name.canonical == kHeadSize && !name.fallback.factor) {
    model::KeyValues without = settings;
    without.erase(kHeadSize);
    return settings.find_int(kHeadSize) == head_size_of(without);
  }
  if (name.kind == ConfigKind::inverse_root) return !editor.is_new();
  const auto usual = fallback_json(name, settings);
  const bool told = editor.is_new() && name.kind != ConfigKind::part_of_head;
  return !told && usual && *usual == wanted;
}

// What is remembered of a token has the sizes of one head.
void set_latent_sizes(model::KeyValues& settings) {
  const auto latent = settings.find_int("attention.kv_lora_rank");
  if (!latent) return;
  const int64_t rotated = settings.require_int("rope.dimension_count");
  settings.set(kHeadSize, static_cast<uint32_t>(*latent + rotated));
  settings.set(kValueSize, static_cast<uint32_t>(*latent));
}

}  // namespace

void read_settings(const Json& config, const std::string& source, const Architecture& architecture,
                   model::KeyValues& settings) {
  check_constants(config, source, architecture);
  for (const bool last : {false, true}) {  // last those that need the others
    const auto read = [&](const ConfigName& name, const Json& json) {
      if (const auto value = setting_of(json, source, name, settings)) {
        settings.set(std::string(name.canonical), *value);
      }
    };
    const auto is_due = [&](const ConfigName& name) {
      return depends_on_head_size(name) == last && !settings.contains(name.canonical);
    };
    for (const auto& name : architecture.config) {
      if (!is_due(name)) continue;
      if (const Json* found = find_setting(config, name.hugging_face)) read(name, *found);
    }
    for (const auto& name : architecture.config) {
      if (!is_due(name)) continue;
      if (const auto usual = fallback_json(name, settings)) read(name, *usual);
    }
  }
  set_latent_sizes(settings);
  if (const auto size = settings.find_int(kHeadSize); size && !settings.contains(kValueSize)) {
    settings.set(kValueSize, static_cast<uint32_t>(*size));
  }
}

void write_settings(const model::Model& model, const Architecture& architecture, ConfigEditor& editor) {
  for (const auto& name : architecture.config) {
    if (!is_name_to_write(name, architecture, editor)) continue;
    const Json wanted = json_of_setting(name, model.config);
    if (wanted.is_null() || is_implied(name, wanted, model.config, editor)) continue;
    const auto* value = model.config.find(name.canonical);
    const bool as_it_is = is_written_as_it_is(name.kind);
    value&& as_it_is ? editor.set_value(name.hugging_face, *value) : editor.set(name.hugging_face, wanted);
  }
}

}  // namespace adze::formats
