// lint: foreign names: mlx-lm's modules and ours of each architecture
#include "adapters/mlx_names.h"

#include <array>

#include "adapters/module_names.h"

namespace adze::adapters {
namespace {

// A piece of Hugging Face's name that mlx-lm writes otherwise; in the order in which they are tried, all that fit.
struct Rewrite {
  std::string_view architecture;  // empty: all
  std::string_view hugging_face;
  std::string_view mlx;
};
constexpr std::array kRewrites = {
    Rewrite{"gptneox", "gpt_neox.layers.", "model.h."},
    Rewrite{"gptneox", "gpt_neox.", "model."},
    Rewrite{"gptneox", "embed_out.", "model.embed_out."},
    Rewrite{"gpt2", "transformer.", "model."},
    Rewrite{"", "block_sparse_moe.experts.{}.w1.", "block_sparse_moe.switch_mlp.gate_proj."},
    Rewrite{"", "block_sparse_moe.experts.{}.w2.", "block_sparse_moe.switch_mlp.down_proj."},
    Rewrite{"", "block_sparse_moe.experts.{}.w3.", "block_sparse_moe.switch_mlp.up_proj."},
    Rewrite{"", "mlp.experts.{}.", "mlp.switch_mlp."},
};

std::string rewritten(std::string name, std::string_view architecture) {
  for (const Rewrite& rewrite : kRewrites) {
    if (!rewrite.architecture.empty() && rewrite.architecture != architecture) continue;
    const bool is_prefix = !rewrite.architecture.empty();
    const size_t found = name.find(rewrite.hugging_face);
    if (found == name.npos || (is_prefix && found != 0)) continue;
    name.replace(found, rewrite.hugging_face.size(), rewrite.mlx);
  }
  return name;
}

}  // namespace

MlxNames::MlxNames(const model::Model& base) {
  const ModuleNames names(base);
  const auto note = [&](std::string_view canonical) {
    const auto target = names.find(canonical);
    if (!target) return;
    const std::string mlx = rewritten(target->name, base.architecture);
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
