#include "adapters/peft_config.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "base/utf8.h"

namespace adze::adapters {
namespace {

constexpr size_t kMaxPatterns = 4096;
constexpr size_t kMaxPatternBytes = 4096;
constexpr double kMaxNumber = 1e9;

// Keys that change what is computed, and what they ask for. Absent, null, false and empty are fine.
struct RefusedKey {
  const char* key;
  std::string_view what;
};
constexpr std::array kRefusedKeys = {
    RefusedKey{"lora_bias", "biases inside the pairs"},
    RefusedKey{"use_qalora", "pairs that see averages of their inputs (QALoRA)"},
    RefusedKey{"alora_invocation_tokens", "an adapter that begins in the middle of a text (aLoRA)"},
    RefusedKey{"target_parameters", "pairs of parameters that are no modules' weights"},
    RefusedKey{"layer_replication", "layers that are run several times"},
    RefusedKey{"trainable_token_indices", "new values for single tokens"},
    RefusedKey{"use_bdlora", "pairs of diagonal blocks"},
    RefusedKey{"arrow_config", "routing among adapters (Arrow)"},
    RefusedKey{"kasa_config", "changes of singular values (KaSA)"},
    RefusedKey{"monteclora_config", "random pairs (MonteCLoRA)"},
};

bool asks_for_something(const Json& value) {
  if (value.is_null() || (value.is_boolean() && !value.get<bool>())) return false;
  return !((value.is_array() || value.is_object()) && value.empty());
}

void refuse_what_is_missing_here(const Json& config, const std::string& source) {
  const auto type = json_value<std::string>(config, "peft_type", "LORA", source);
  if (type != "LORA") {
    fail(ErrorCode::unsupported, "{}: is of the type {}; only LORA (with DoRA and rsLoRA) can be read", source, type);
  }
  for (const auto& [key, what] : kRefusedKeys) {
    const auto found = config.find(key);
    if (found == config.end() || !asks_for_something(*found)) continue;
    fail(ErrorCode::unsupported, "{}: \"{}\" asks for {}, which cannot be read here", source, key, what);
  }
}

std::string checked_text(const Json& value, const char* key, const std::string& source) {
  if (!value.is_string()) fail(ErrorCode::bad_input, "{}: \"{}\" holds something that is no text", source, key);
  auto text = value.get<std::string>();
  if (text.size() > kMaxPatternBytes || !is_valid_utf8(text)) {
    fail(ErrorCode::bad_input, "{}: \"{}\" holds an expression that is too long or no UTF-8", source, key);
  }
  return text;
}

bool matches(const text::Regex& regex, std::string_view subject) {
  text::TextRange ignored;
  return text::Regex::Searcher(regex).find(subject, 0, ignored);
}

bool is_sensible(double number) { return number > 0 && number <= kMaxNumber; }

double positive_number(const Json& config, const char* key, double fallback, const std::string& source) {
  const auto value = json_value<double>(config, key, fallback, source);
  if (is_sensible(value)) return value;
  fail(ErrorCode::bad_input, "{}: \"{}\" is {}, but must be above 0 and at most {}", source, key, value, kMaxNumber);
}

}  // namespace

PatternNumbers::PatternNumbers(const Json& object, const std::string& source) {
  if (object.is_null()) return;
  if (!object.is_object()) fail(ErrorCode::bad_input, "{}: rank_pattern and alpha_pattern must be objects", source);
  if (object.size() > kMaxPatterns) fail(ErrorCode::unsupported, "{}: {} patterns are too many", source, object.size());
  for (const auto& [pattern, number] : object.items()) {
    const std::string checked = checked_text(Json(pattern), "pattern", source);
    if (!number.is_number() || !is_sensible(number.get<double>())) {
      fail(ErrorCode::bad_input, "{}: the pattern '{}' has no positive number", source, checked);
    }
    with_context(source, [&] {
      numbers_.emplace_back(text::Regex("\\A(?:.*\\.)?(?:" + checked + ")\\z"), number.get<double>());
    });
  }
}

std::optional<double> PatternNumbers::find(std::string_view module) const {
  for (const auto& [regex, number] : numbers_) {
    if (matches(regex, module)) return number;
  }
  return std::nullopt;
}

bool PeftConfig::Modules::match(std::string_view module) const {
  if (all) return true;
  if (whole) return matches(*whole, module);
  return std::ranges::any_of(endings, [&](std::string_view ending) {
    if (!module.ends_with(ending)) return false;
    return module.size() == ending.size() || module[module.size() - ending.size() - 1] == '.';
  });
}

PeftConfig::Modules PeftConfig::read_modules(const Json& config, const char* key, const std::string& source) {
  Modules modules;
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return modules;
  if (found->is_array()) {
    for (const Json& name : *found) modules.endings.push_back(checked_text(name, key, source));
    return modules;
  }
  const std::string expression = checked_text(*found, key, source);
  modules.all = expression == "all-linear";
  if (modules.all) return modules;
  with_context(source, [&] { modules.whole.emplace("\\A(?:" + expression + ")\\z"); });
  return modules;
}

void PeftConfig::read_layers(const Json& config, const std::string& source) {
  const auto found = config.find("layers_to_transform");
  if (found == config.end() || found->is_null()) return;
  if (found->is_number_integer()) {
    layers_ = {found->get<int64_t>()};
  } else {
    layers_ = json_value<std::vector<int64_t>>(config, "layers_to_transform", {}, source);
  }
}

PeftConfig::PeftConfig(const Json& config, const std::string& source) {
  if (!config.is_object()) fail(ErrorCode::bad_input, "{}: is no JSON object", source);
  refuse_what_is_missing_here(config, source);
  rank_ = positive_number(config, "r", 8, source);
  alpha_ = positive_number(config, "lora_alpha", 8, source);
  const auto pattern = [&](const char* key) { return config.contains(key) ? config.at(key) : Json(); };
  ranks_ = PatternNumbers(pattern("rank_pattern"), source);
  alphas_ = PatternNumbers(pattern("alpha_pattern"), source);
  targets_ = read_modules(config, "target_modules", source);
  if (!config.contains("target_modules") || config.at("target_modules").is_null()) targets_.all = true;
  excluded_ = read_modules(config, "exclude_modules", source);
  read_layers(config, source);
  use_rslora_ = json_value<bool>(config, "use_rslora", false, source);
  use_dora_ = json_value<bool>(config, "use_dora", false, source);
  has_biases_ = json_value<std::string>(config, "bias", "none", source) != "none";
  dropout_ = json_value<double>(config, "lora_dropout", 0, source);
  base_model_ = json_value<std::string>(config, "base_model_name_or_path", "", source);
}

int64_t PeftConfig::rank_of(std::string_view module) const {
  return static_cast<int64_t>(ranks_.find(module).value_or(rank_));
}

double PeftConfig::scale_of(std::string_view module) const {
  const auto rank = static_cast<double>(rank_of(module));
  return alphas_.find(module).value_or(alpha_) / (use_rslora_ ? std::sqrt(rank) : rank);
}

bool PeftConfig::names(std::string_view module) const {
  if (!targets_.match(module) || excluded_.match(module)) return false;
  if (layers_.empty()) return true;
  for (size_t begin = 0; begin < module.size();) {
    const size_t end = std::min(module.find('.', begin), module.size());
    const auto part = module.substr(begin, end - begin);
    if (!part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; })) {
      return part.size() < 10 && std::ranges::find(layers_, std::stoll(std::string(part))) != layers_.end();
    }
    begin = end + 1;
  }
  return false;
}

}  // namespace adze::adapters
