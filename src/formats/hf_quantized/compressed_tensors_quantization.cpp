#include "formats/hf_quantized/compressed_tensors_quantization.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace adze::formats {
namespace {

constexpr std::string_view kPattern = "re:";

struct Form {
  std::string_view name;
  CompressedForm form;
};
constexpr std::array kForms = {
    Form{"pack-quantized", CompressedForm::packed},
    Form{"int-quantized", CompressedForm::bytes},
    Form{"naive-quantized", CompressedForm::bytes},
    Form{"float-quantized", CompressedForm::bytes},
};

CompressedForm form_named(const std::string& name, const std::string& where) {
  const auto found = std::ranges::find(kForms, name, &Form::name);
  if (found != kForms.end()) return found->form;
  fail(ErrorCode::unsupported,
       "{}: format \"{}\" is not known; known are pack-quantized, int-quantized, naive-quantized and float-quantized",
       where, name);
}

const Json& object_at(const Json& object, const char* key, const std::string& where) {
  const auto found = object.find(key);
  if (found != object.end() && found->is_object()) return *found;
  fail(ErrorCode::bad_input, "{}: \"{}\" is {}, not an object", where, key,
       found == object.end() ? "missing" : found->dump().substr(0, 100));
}

int64_t read_group_size(const Json& weights, const std::string& where) {
  const auto group = json_value<int64_t>(weights, "group_size", -1, where);
  const auto strategy = json_value<std::string>(weights, "strategy", group > 0 ? "group" : "channel", where);
  if (strategy == "channel" || strategy == "tensor") return -1;
  if (strategy != "group") {
    fail(ErrorCode::unsupported, "{}: strategy \"{}\" is not known; known are group, channel and tensor", where,
         strategy);
  }
  if (group < 1 || group > int64_t{1} << 28) {
    fail(ErrorCode::bad_input, "{}: \"group_size\" is {}, which is no number of inputs", where, group);
  }
  return group;
}

CompressedScheme read_scheme(const Json& weights, CompressedForm form, const std::string& where) {
  CompressedScheme scheme{.form = form};
  const auto type = json_value<std::string>(weights, "type", "int", where);
  const auto bits = json_value<int64_t>(weights, "num_bits", 8, where);
  scheme.is_float = type == "float";
  scheme.is_symmetric = json_value<bool>(weights, "symmetric", true, where);
  scheme.group = read_group_size(weights, where);
  const bool is_known = form == CompressedForm::bytes ? bits == 8 : bits >= 2 && bits <= 8 && bits != 7;
  if ((type != "int" && type != "float") || !is_known || (scheme.is_float && form == CompressedForm::packed)) {
    fail(ErrorCode::unsupported, "{}: {} bits of type \"{}\" are not known", where, bits, type);
  }
  scheme.bits = static_cast<int>(bits);
  return scheme;
}

// Neither leaves the weights alone as they are stored.
void check_nothing_else(const Json& settings, const std::string& where) {
  if (const auto sparsity = settings.find("sparsity_config"); sparsity != settings.end() && sparsity->is_object()) {
    const auto format = json_value<std::string>(*sparsity, "format", "dense", where);
    if (!sparsity->empty() && format != "dense") {
      fail(ErrorCode::unsupported, "{}: sparse weights (\"{}\") cannot be read", where, format);
    }
  }
  if (const auto transform = settings.find("transform_config"); transform != settings.end() && transform->is_object()) {
    if (!json_value<Json>(*transform, "config_groups", Json::object(), where).empty()) {
      fail(ErrorCode::unsupported,
           "{}: \"transform_config\" changes activations while running, which is not known here", where);
    }
  }
}

bool matches(const text::Regex& pattern, std::string_view name) {
  text::Regex::Searcher searcher(pattern);
  text::TextRange range;
  return searcher.find(name, 0, range) && range.begin == 0;
}

// A class of modules, such as "Linear".
bool is_class(const std::string& target) { return !target.empty() && target[0] >= 'A' && target[0] <= 'Z'; }

}  // namespace

CompressedTensorsQuantization::ConfigGroup CompressedTensorsQuantization::read_group(const Json& json,
                                                                                     const std::string& format,
                                                                                     const std::string& where) {
  ConfigGroup group;
  const auto own = json_value<std::string>(json, "format", format, where);
  group.scheme = read_scheme(object_at(json, "weights", where), form_named(own, where), where);
  for (auto& target : json_value<std::vector<std::string>>(json, "targets", {}, where)) {
    if (target.starts_with(kPattern)) {
      group.patterns.emplace_back(std::string_view(target).substr(kPattern.size()));
    } else {
      group.names.push_back(std::move(target));
    }
  }
  return group;
}

CompressedTensorsQuantization CompressedTensorsQuantization::read(const FolderQuantization& folder) {
  check_nothing_else(folder.settings, folder.where);
  CompressedTensorsQuantization quantization;
  quantization.where_ = folder.where;
  const auto format = json_value<std::string>(folder.settings, "format", "", folder.where);
  for (const auto& [name, group] : object_at(folder.settings, "config_groups", folder.where).items()) {
    const auto where = folder.where + " '" + name + "'";
    if (!group.is_object()) fail(ErrorCode::bad_input, "{}: not an object", where);
    const auto weights = group.find("weights");
    if (weights == group.end() || weights->is_null()) continue;  // only activations
    quantization.groups_.push_back(read_group(group, format, where));
  }
  return quantization;
}

const CompressedScheme* CompressedTensorsQuantization::find(std::string_view module) const {
  for (const auto& group : groups_) {
    if (std::ranges::find(group.names, module) != group.names.end()) return &group.scheme;
  }
  for (const auto& group : groups_) {
    const auto fits = [&](const text::Regex& pattern) { return matches(pattern, module); };
    if (std::ranges::any_of(group.patterns, fits)) return &group.scheme;
  }
  for (const auto& group : groups_) {
    if (std::ranges::any_of(group.names, is_class)) return &group.scheme;
  }
  return nullptr;
}

}  // namespace adze::formats
