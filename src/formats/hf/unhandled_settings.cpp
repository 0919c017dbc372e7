// lint: foreign names: a kind of position scaling is called after the models that had it first
#include "formats/hf/unhandled_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/hf/harmless_keys.h"

namespace adze::formats {
namespace {

using architectures::Architecture;
using architectures::HuggingFaceConstant;
using architectures::HuggingFaceFlag;

constexpr const char* kFullAttention = "full_attention";
constexpr const char* kSlidingAttention = "sliding_attention";

std::string shortened(const Json& value) {
  constexpr size_t kMost = 80;
  const auto text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() <= kMost ? text : text.substr(0, kMost) + "…";
}

std::string line_of(std::string_view key, const Json& value, std::string_view remark = "") {
  return fmt::format("\"{}\": {}{}{}", key, shortened(value), remark.empty() ? "" : "; ", remark);
}

const Json* member(const Json& object, std::string_view key) {
  const auto found = object.is_object() ? object.find(std::string(key)) : object.end();
  return !object.is_object() || found == object.end() || found->is_null() ? nullptr : &*found;
}

// ---- scaling of positions

struct RopeKind {
  std::string_view name;
  std::array<std::string_view, 8> keys;  // beside those that all kinds have
};
constexpr std::array kRopeKinds = {
    RopeKind{"default", {}},
    RopeKind{"linear", {}},
    RopeKind{"dynamic", {}},
    RopeKind{"yarn",
             {"attention_factor", "beta_fast", "beta_slow", "truncate", "mscale", "mscale_all_dim", "attn_factor",
              "finetuned"}},
    RopeKind{"llama3", {"low_freq_factor", "high_freq_factor"}},
    RopeKind{"longrope", {"short_factor", "long_factor", "attention_factor"}},
    RopeKind{"su", {"short_factor", "long_factor", "attention_factor"}},
};
constexpr auto kRopeKeys =
    std::to_array<std::string_view>({"type", "rope_type", "rope_theta", "factor", "original_max_position_embeddings"});
constexpr const char* kKnownKinds = "known are linear, dynamic, yarn, llama3, longrope";

// A parameter and the value with which it changes nothing.
struct UsualParameter {
  std::string_view key;
  std::string_view value;  // JSON
};
constexpr auto kUsualParameters =
    std::to_array<UsualParameter>({{"short_mscale", "1.0"}, {"long_mscale", "1.0"}, {"extrapolation_factor", "1.0"}});

bool names_setting(const Architecture& architecture, std::string_view key) {
  const auto found = std::ranges::find(architecture.config, key, &architectures::ConfigName::hugging_face);
  return found != architecture.config.end();
}

bool is_usual_parameter(std::string_view key, const Json& value) {
  const auto usual = std::ranges::find(kUsualParameters, key, &UsualParameter::key);
  return usual != kUsualParameters.end() && value == parse_json(usual->value, "the table of usual parameters");
}

void add_rope_parameters(const std::string& place, const Json& parameters, const Architecture& architecture,
                         std::vector<std::string>& lines) {
  const Json* type = member(parameters, "rope_type");
  if (!type) type = member(parameters, "type");
  const auto name = type && type->is_string() ? type->get<std::string>() : "default";
  const auto kind = std::ranges::find(kRopeKinds, name, &RopeKind::name);
  if (kind == kRopeKinds.end()) return lines.push_back(line_of(place, parameters, kKnownKinds));
  for (const auto& [key, value] : parameters.items()) {
    const bool known = std::ranges::find(kRopeKeys, key) != kRopeKeys.end() ||
                       std::ranges::find(kind->keys, key) != kind->keys.end() || names_setting(architecture, key);
    if (known || is_usual_parameter(key, value)) continue;
    if (judge_unknown_key(key, value) == UnknownKey::no_effect && !value.is_boolean()) continue;
    lines.push_back(line_of(place + "." + key, value));
  }
}

// Layers with a window may have a base of their own, and nothing else.
void add_rope_of_windows(const std::string& place, const Json& windowed, const Json* full,
                         const Architecture& architecture, std::vector<std::string>& lines) {
  const bool own_base = names_setting(architecture, "rope_local_base_freq");
  const auto is_plain = [&](const auto& item) {
    return item.key() == "rope_theta" || (item.key() == "rope_type" && item.value() == "default");
  };
  bool plain = windowed.is_object();
  if (plain) {
    for (const auto& item : windowed.items()) plain = plain && is_plain(item);
  }
  if ((own_base && plain) || (full && windowed == *full)) return;
  lines.push_back(line_of(place + "." + kSlidingAttention, windowed));
}

void add_rope_scaling(const Json& config, const Architecture& architecture, std::vector<std::string>& lines) {
  for (const std::string place : {"rope_parameters", "rope_scaling"}) {
    const Json* parameters = member(config, place);
    if (!parameters) continue;
    if (!parameters->is_object()) {
      lines.push_back(line_of(place, *parameters, "not an object"));
      continue;
    }
    const Json* full = member(*parameters, kFullAttention);
    const Json* windowed = member(*parameters, kSlidingAttention);
    const bool by_layer = full && full->is_object();
    add_rope_parameters(place, by_layer ? *full : *parameters, architecture, lines);
    if (windowed) add_rope_of_windows(place, *windowed, full, architecture, lines);
  }
}

// ---- what each layer is

bool has_window(const Json& config, const Architecture& architecture) {
  const Json* window = member(config, "sliding_window");
  return names_setting(architecture, "sliding_window") && window && *window != 0;
}

/// A list with one entry for each layer.
struct LayerList {
  std::string_view key;
  int64_t period;
  Json last;    // of a period
  Json others;  // all where there is no period
};

std::array<LayerList, 2> layer_lists(const Json& config, const Architecture& architecture) {
  const auto& periods = architecture.layer_periods;
  const bool windows = periods.full_attention > 0 || has_window(config, architecture);
  return {
      LayerList{"layer_types", periods.full_attention, kFullAttention, windows ? kSlidingAttention : kFullAttention},
      LayerList{"no_rope_layers", periods.unrotated, 0, 1}};
}

bool is_as_computed(const LayerList& list, const Json& layers) {
  if (!layers.is_array()) return false;
  for (size_t i = 0; i < layers.size(); ++i) {
    const bool last = list.period > 0 && (static_cast<int64_t>(i) + 1) % list.period == 0;
    if (layers[i] != (last ? list.last : list.others)) return false;
  }
  return true;
}

// ---- other keys

/// A key that says what follows from others too.
struct DerivedKey {
  std::string_view key;
  std::string_view dividend;
  std::string_view divisor;  // empty: 1
};
constexpr auto kDerived = std::to_array<DerivedKey>(
    {{"head_dim", "hidden_size", "num_attention_heads"}, {"num_key_value_heads", "num_attention_heads", ""}});

bool follows_from_others(const std::string& key, const Json& value, const Json& config) {
  const auto derived = std::ranges::find(kDerived, key, &DerivedKey::key);
  if (derived == kDerived.end() || !value.is_number()) return false;
  const Json* dividend = member(config, derived->dividend);
  const Json* divisor = member(config, derived->divisor);
  if (!dividend || !dividend->is_number()) return false;
  const double by = divisor && divisor->is_number() ? divisor->get<double>() : 1;
  return value.get<double>() * by == dividend->get<double>();
}

/// The keys of one config.json, one after the other.
class SettingReview {
 public:
  SettingReview(const Json& config, const Architecture& architecture,
                const std::function<bool(std::string_view)>& has_weight)
      : config_(config),
        architecture_(architecture),
        has_weight_(has_weight),
        layer_lists_(layer_lists(config, architecture)) {}

  UnhandledSettings result() && {
    for (const auto& [key, value] : config_.items()) review(key, value);
    add_rope_scaling(config_, architecture_, found_.effective);
    return std::move(found_);
  }

 private:
  void review(const std::string& key, const Json& value) {
    if (value.is_null() || review_constant(key, value) || review_flag(key, value) || review_layers(key, value)) return;
    const auto& unread = architecture_.unread_settings;
    if (names_setting(architecture_, key) || is_harmless_key(key)) return;
    if (std::ranges::find(unread, key) != unread.end() || follows_from_others(key, value, config_)) return;
    const auto verdict = judge_unknown_key(key, value);
    if (verdict == UnknownKey::effective) found_.effective.push_back(line_of(key, value));
    if (verdict == UnknownKey::odd) found_.odd.push_back(key);
  }

  bool review_constant(const std::string& key, const Json& value) {
    const auto& constants = architecture_.hugging_face_constants;
    const auto constant = std::ranges::find(constants, key, &HuggingFaceConstant::key);
    if (constant == constants.end()) return false;
    if (value != parse_json(constant->value, "the table of an architecture")) {
      found_.effective.push_back(line_of(key, value, fmt::format("only {} is known", constant->value)));
    }
    return true;
  }

  bool review_flag(const std::string& key, const Json& value) {
    const auto& flags = architecture_.hugging_face_flags;
    const auto flag = std::ranges::find(flags, key, &HuggingFaceFlag::key);
    if (flag == flags.end()) return false;
    const bool there = has_weight_(flag->true_weight);
    if (value.is_boolean() && value.get<bool>() != there && flag->needed) {
      const auto remark = fmt::format("but there is {} weight for {}", there ? "a" : "no", flag->true_weight);
      found_.effective.push_back(line_of(key, value, remark));
    }
    return true;
  }

  bool review_layers(const std::string& key, const Json& value) {
    const auto list = std::ranges::find(layer_lists_, key, &LayerList::key);
    if (list == layer_lists_.end()) return false;
    if (!is_as_computed(*list, value)) found_.effective.push_back(line_of(key, value, "another order is computed"));
    return true;
  }

  const Json& config_;
  const Architecture& architecture_;
  const std::function<bool(std::string_view)>& has_weight_;
  std::array<LayerList, 2> layer_lists_;
  UnhandledSettings found_;
};

}  // namespace

UnhandledSettings unhandled_settings(const Json& config, const Architecture& architecture,
                                     const std::function<bool(std::string_view)>& has_weight) {
  return SettingReview(config, architecture, has_weight).result();
}

}  // namespace adze::formats
