// lint: foreign names: MLX's
#include "formats/mlx/mlx_names.h"

#include <array>

namespace adze::formats {
namespace {

using architectures::Architecture;
using architectures::Transform;

struct Renaming {
  std::string_view hugging_face;
  std::string_view mlx;
};

// Anywhere in a name; "{}" counts experts.
constexpr std::array kExperts = {
    Renaming{".experts.{}.gate_proj.", ".switch_mlp.gate_proj."},
    Renaming{".experts.{}.up_proj.", ".switch_mlp.up_proj."},
    Renaming{".experts.{}.down_proj.", ".switch_mlp.down_proj."},
    Renaming{".experts.{}.w1.", ".switch_mlp.gate_proj."},
    Renaming{".experts.{}.w3.", ".switch_mlp.up_proj."},
    Renaming{".experts.{}.w2.", ".switch_mlp.down_proj."},
};

struct Prefix {
  std::string_view architecture;
  Renaming name;  // the first that fits counts
};
constexpr std::array kPrefixes = {
    Prefix{"gpt2", {"transformer.", "model."}},
    Prefix{"gpt2", {"", "model."}},
    Prefix{"gptneox", {"gpt_neox.layers.", "model.h."}},
    Prefix{"gptneox", {"gpt_neox.", "model."}},
    Prefix{"gptneox", {"", "model."}},
};

std::string replaced(std::string_view text, size_t at, size_t length, std::string_view other) {
  return std::string(text.substr(0, at)) + std::string(other) + std::string(text.substr(at + length));
}

std::string without_experts(const std::string& name) {
  for (const auto& [hugging_face, mlx] : kExperts) {
    if (const size_t at = name.find(hugging_face); at != name.npos) return replaced(name, at, hugging_face.size(), mlx);
  }
  return name;
}

std::string with_mlx_prefix(const Architecture& architecture, const std::string& name) {
  for (const auto& [owner, prefix] : kPrefixes) {
    if (owner == architecture.name && name.starts_with(prefix.hugging_face)) {
      return replaced(name, 0, prefix.hugging_face.size(), prefix.mlx);
    }
  }
  return name;
}

// Turned round by whoever reads Hugging Face's form.
Transform without_transposition(Transform transform) {
  return transform == Transform::transpose ? Transform::none : transform;
}

MappedWeight name_in_mlx(const Architecture& architecture, MappedWeight weight) {
  weight.name = with_mlx_prefix(architecture, without_experts(weight.name));
  weight.transform = without_transposition(weight.transform);
  return weight;
}

/// All experts at once, under the name of the first.
std::optional<MappedWeight> find_experts(const WeightNames& names, std::string_view name) {
  for (const auto& [hugging_face, mlx] : kExperts) {
    const size_t at = name.find(mlx);
    if (at == name.npos) continue;
    auto found = names.find(replaced(name, at, mlx.size(), filled(hugging_face, "0")));
    if (!found) continue;
    found->part.reset();
    return found;
  }
  return std::nullopt;
}

std::optional<MappedWeight> find_in_mlx(const Architecture& architecture, const WeightNames& names,
                                        std::string_view name) {
  if (auto found = names.find(name)) return found;
  if (auto found = find_experts(names, name)) return found;
  for (const auto& [owner, prefix] : kPrefixes) {
    if (owner != architecture.name || !name.starts_with(prefix.mlx)) continue;
    auto found = names.find(replaced(name, 0, prefix.mlx.size(), prefix.hugging_face));
    if (!found) continue;
    found->transform = without_transposition(found->transform);
    return found;
  }
  return std::nullopt;
}

}  // namespace

bool keeps_latent_heads_together(std::string_view class_name) { return class_name == "DeepseekV2ForCausalLM"; }

const WeightNameVariant mlx_names{name_in_mlx, find_in_mlx};

}  // namespace adze::formats
