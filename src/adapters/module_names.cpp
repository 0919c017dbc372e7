#include "adapters/module_names.h"

namespace adze::adapters {
namespace {

// Of an architecture whose table has names with and without it.
std::string prefix_of(const architectures::Architecture& architecture) {
  for (const auto& plain : architecture.weights) {
    for (const auto& prefixed : architecture.weights) {
      const size_t longer = prefixed.hugging_face.size();
      if (prefixed.canonical != plain.canonical || longer <= plain.hugging_face.size()) continue;
      if (!prefixed.hugging_face.ends_with(plain.hugging_face)) continue;
      const auto prefix = prefixed.hugging_face.substr(0, longer - plain.hugging_face.size());
      if (prefix.ends_with('.')) return std::string(prefix);
    }
  }
  return {};
}

}  // namespace

ModuleNames::ModuleNames(const model::Model& base)
    : names_(formats::WeightNames::to_hugging_face(architectures::architecture_named(base.architecture), &base)),
      canonical_(formats::WeightNames::to_canonical(architectures::architecture_named(base.architecture))),
      prefix_(prefix_of(architectures::architecture_named(base.architecture))) {}

std::optional<formats::MappedWeight> ModuleNames::find(std::string_view canonical) const {
  auto found = names_.find(canonical);
  if (found && !prefix_.empty() && canonical_.find(prefix_ + found->name)) found->name = prefix_ + found->name;
  return found;
}

}  // namespace adze::adapters
