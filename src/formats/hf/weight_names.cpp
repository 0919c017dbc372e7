#include "formats/hf/weight_names.h"

#include <algorithm>

namespace adze::formats {
namespace {

constexpr std::string_view kHole = "{}";
constexpr size_t kMaxLayerDigits = 6;

struct Pattern {
  std::string text;    // with "{}" instead of the layer
  std::string number;  // empty when the name has none
};

// "model.layers.12.mlp.up_proj.weight" -> "model.layers.{}.mlp.up_proj.weight" and "12": the first part that is a
// number without leading zeros.
Pattern pattern_of(std::string_view name) {
  for (size_t begin = 0; begin < name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const auto part = name.substr(begin, end - begin);
    const bool digits = std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
    if (digits && !part.empty() && part.size() <= kMaxLayerDigits && (part == "0" || part[0] != '0')) {
      return {std::string(name.substr(0, begin)) + std::string(kHole) + std::string(name.substr(end)),
              std::string(part)};
    }
    begin = end + 1;
  }
  return {std::string(name), ""};
}

std::string fill(std::string_view pattern, std::string_view number) {
  const size_t hole = pattern.find(kHole);
  if (hole == pattern.npos) return std::string(pattern);
  return std::string(pattern.substr(0, hole)) + std::string(number) + std::string(pattern.substr(hole + kHole.size()));
}

}  // namespace

WeightNames WeightNames::to_canonical(const architectures::Architecture& architecture) {
  WeightNames names;
  for (const auto& weight : architecture.weights) {
    names.targets_.emplace(weight.hugging_face, Target{weight.canonical, weight.transform});
  }
  return names;
}

WeightNames WeightNames::to_hugging_face(const architectures::Architecture& architecture) {
  WeightNames names;
  for (const auto& weight : architecture.weights) {
    names.targets_.emplace(weight.canonical, Target{weight.hugging_face, weight.transform});
  }
  return names;
}

std::optional<MappedWeight> WeightNames::find(std::string_view name) const {
  const Pattern pattern = pattern_of(name);
  const auto found = targets_.find(pattern.text);
  if (found == targets_.end()) return std::nullopt;
  return MappedWeight{fill(found->second.pattern, pattern.number), found->second.transform};
}

}  // namespace adze::formats
