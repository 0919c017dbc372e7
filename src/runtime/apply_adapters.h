// Adapters while a model runs: their low-rank products beside the model's own, whatever those weights are stored as.
#pragma once

#include <memory>
#include <span>

#include "graph/graph.h"
#include "model/adapter.h"

namespace adze::runtime {

struct AppliedAdapter {
  std::shared_ptr<const model::Adapter> adapter;
  double strength = 1;     // multiplies the scale of every change; whole tensors are taken as they are
  bool is_choice = false;  // sequences choose whether and how strongly (choosable_adapters.h), not `strength`
};

/// Puts whole tensors of adapters in the place of the model's, for before its graph is built. Error(bad_input) where
/// two adapters have the same one.
void replace_tensors(model::Model& model, std::span<const AppliedAdapter> adapters);

/// Adds nodes behind those that multiply with a changed weight or look up its rows, and the weights that they read to
/// `model`. Several adapters add up, each as if it were alone. REQUIRES: check_adapter() was passed by each.
/// Error(unsupported) for a change of a weight that the graph uses otherwise.
void apply_adapters(graph::Graph& graph, model::Model& model, std::span<const AppliedAdapter> adapters);

}  // namespace adze::runtime
