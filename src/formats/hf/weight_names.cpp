#include "formats/hf/weight_names.h"

#include <algorithm>
#include <vector>

namespace adze::formats {
namespace {

constexpr std::string_view kHole = "{}";
constexpr size_t kMaxLayerDigits = 6;

struct Pattern {
  std::string text;                  // with "{}" in place of up to two numbers
  std::vector<std::string> numbers;  // of a layer, of a part
};

bool is_number(std::string_view part) {
  const bool digits = std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
  return digits && !part.empty() && part.size() <= kMaxLayerDigits && (part == "0" || part[0] != '0');
}

// "model.layers.12.mlp.up_proj.weight" -> "model.layers.{}.mlp.up_proj.weight" and "12": up to `most` parts that are
// numbers without leading zeros.
Pattern pattern_of(std::string_view name, size_t most) {
  Pattern pattern;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const auto part = name.substr(begin, end - begin);
    if (begin > 0) pattern.text += '.';
    if (pattern.numbers.size() < most && is_number(part)) {
      pattern.text += kHole;
      pattern.numbers.emplace_back(part);
    } else {
      pattern.text += part;
    }
    begin = end + 1;
  }
  return pattern;
}

}  // namespace

WeightNames WeightNames::to_canonical(const architectures::Architecture& architecture) {
  WeightNames names;
  for (const auto& weight : architecture.weights) {
    names.targets_.try_emplace(weight.hugging_face, Target{weight.canonical, weight.transform});
  }
  for (const auto& known : architecture.hugging_face_classes) {
    if (!known.prefix.empty()) names.prefixes_.push_back(known.prefix);
  }
  return names;
}

WeightNames WeightNames::to_hugging_face(const architectures::Architecture& architecture, const model::Model* model,
                                         std::string_view prefix) {
  WeightNames names;
  names.prefix_ = prefix;
  for (const auto& weight : architecture.weights) {
    if (!weight.needs_weight.empty() && !(model && model->tensors.contains(weight.needs_weight))) continue;
    if (!weight.needs_config.empty() && !(model && model->config.contains(weight.needs_config))) continue;
    names.targets_.try_emplace(weight.canonical, Target{weight.hugging_face, weight.transform, weight.outside_prefix});
  }
  return names;
}

std::string filled(std::string_view name, std::string_view number) {
  const size_t hole = name.find(kHole);
  if (hole == name.npos) return std::string(name);
  return std::string(name.substr(0, hole)) + std::string(number) + std::string(name.substr(hole + kHole.size()));
}

std::optional<std::string> layer_in(std::string_view name, std::string_view pattern) {
  const size_t hole = pattern.find(kHole);
  const auto before = pattern.substr(0, hole);
  const auto behind = pattern.substr(hole + kHole.size());
  if (name.size() <= before.size() + behind.size()) return std::nullopt;
  if (!name.starts_with(before) || !name.ends_with(behind)) return std::nullopt;
  const auto layer = name.substr(before.size(), name.size() - before.size() - behind.size());
  return is_number(layer) ? std::optional(std::string(layer)) : std::nullopt;
}

std::string_view without_class_prefix(std::string_view name, const architectures::Architecture& architecture) {
  for (const auto& known : architecture.hugging_face_classes) {
    if (!known.prefix.empty() && name.starts_with(known.prefix)) return name.substr(known.prefix.size());
  }
  return name;
}

std::optional<MappedWeight> WeightNames::find(std::string_view name) const {
  for (const auto prefix : prefixes_) {
    if (!name.starts_with(prefix)) continue;
    if (auto found = find_whole(name.substr(prefix.size()))) return found;
  }
  return find_whole(name);
}

std::optional<MappedWeight> WeightNames::find_whole(std::string_view name) const {
  for (const size_t numbers : {2u, 1u}) {
    const Pattern pattern = pattern_of(name, numbers);
    const auto found = targets_.find(pattern.text);
    if (found == targets_.end()) continue;
    MappedWeight mapped{std::string(found->second.pattern), found->second.transform, std::nullopt};
    if (!found->second.outside_prefix) mapped.name.insert(0, prefix_);
    if (!pattern.numbers.empty()) mapped.name = filled(mapped.name, pattern.numbers[0]);
    if (pattern.numbers.size() > 1) mapped.part = std::stoll(pattern.numbers[1]);
    return mapped;
  }
  return std::nullopt;
}

const WeightNameVariant canonical_names{
    [](const architectures::Architecture&, MappedWeight weight) { return weight; },
    [](const architectures::Architecture&, const WeightNames&, std::string_view name) {
      return std::optional<MappedWeight>({std::string(name), architectures::Transform::none, std::nullopt});
    }};

const WeightNameVariant hugging_face_names{
    [](const architectures::Architecture&, MappedWeight weight) { return weight; },
    [](const architectures::Architecture&, const WeightNames& names, std::string_view name) {
      return names.find(name);
    }};

const WeightNameVariant exported_names{
    hugging_face_names.from_hugging_face,
    [](const architectures::Architecture&, const WeightNames& names, std::string_view name) {
      auto found = names.find(name);
      if (found && found->transform == architectures::Transform::add_one) {
        found->transform = architectures::Transform::none;
      }
      return found;
    }};

}  // namespace adze::formats
