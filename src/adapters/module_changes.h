// Changes under the names of Hugging Face's modules <-> canonical ones: names, the order of rows within heads, the
// groups of fused projections, stacks of experts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/adapter.h"

namespace adze::adapters {

/// LowRankChange of one module, with rows in the order of that module's.
struct ModuleChange {
  std::string module;  // "model.layers.0.self_attn.q_proj"
  model::Tensor a;     // [rank, in]
  model::Tensor b;     // [out, rank]
  double scale = 1;
  std::optional<model::Tensor> magnitude = {};  // [out]
};

/// Experts that are not changed get pairs of zeros where others of their stack are. Error(bad_input) naming a module
/// that the architecture of `base` does not have, or experts of one stack that differ in rank or scale.
std::vector<model::LowRankChange> canonical_changes(std::vector<ModuleChange> modules, const model::Model& base);

/// Each expert of a stack becomes a module of its own.
std::vector<ModuleChange> module_changes(const model::Adapter& adapter, const model::Model& base);

/// Whole tensors, under names that end in ".weight" or ".bias".
std::vector<model::Tensor> canonical_tensors(std::vector<model::Tensor> tensors, const model::Model& base);
std::vector<model::Tensor> module_tensors(const model::Adapter& adapter, const model::Model& base);

/// The same change, or a whole tensor under its canonical name, with rows in the order that a module has, and back.
/// Weights that Hugging Face keeps transposed stay as they are.
model::LowRankChange with_module_rows(model::LowRankChange change, const model::Model& base);
model::LowRankChange with_canonical_rows(model::LowRankChange change, const model::Model& base);
model::Tensor with_module_rows(model::Tensor tensor, const model::Model& base);
model::Tensor with_canonical_rows(model::Tensor tensor, const model::Model& base);

}  // namespace adze::adapters
