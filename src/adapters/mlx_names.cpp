#include "adapters/mlx_names.h"

#include "adapters/module_names.h"
#include "formats/mlx/mlx_names.h"

namespace adze::adapters {

MlxNames::MlxNames(const model::Model& base) {
  const ModuleNames names(base);
  const auto& architecture = architectures::architecture_named(base.architecture);
  const auto note = [&](std::string_view canonical) {
    const auto target = names.find(canonical);
    if (!target) return;
    const std::string mlx = formats::mlx_names.from_hugging_face(architecture, *target).name;
    canonical_.emplace(mlx, canonical);
    mlx_.emplace(canonical, mlx);
  };
  for (const auto& tensor : base.tensors) note(tensor.name);
  note(model::kOutputWeight);
}

std::optional<std::string> MlxNames::to_mlx(std::string_view canonical) const {
  const auto found = mlx_.find(std::string(canonical));
  return found == mlx_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> MlxNames::to_canonical(std::string_view mlx) const {
  const auto found = canonical_.find(std::string(mlx));
  return found == canonical_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace adze::adapters
