// A model ready to run: its graph optimized for this machine and its weights in kernels' layouts.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "graph/graph.h"
#include "model/model.h"
#include "passes/pass.h"
#include "runtime/apply_adapters.h"
#include "runtime/weight_store.h"

namespace adze::text {
class Tokenizer;
}

namespace adze::runtime {

class LoadedModel {
 public:
  /// Builds the graph and checks the weights against it. Throws Error(unsupported | bad_input).
  /// `pass_names`: what the graph goes through; observers want it as the architecture built it.
  /// `adapters` that belong to the model are applied to it; those that are a choice, to the sequences that choose them
  /// by their place among these.
  LoadedModel(model::Model model, passes::ActivationPolicy policy, WeightMemory memory = WeightMemory::packed,
              std::span<const std::string_view> pass_names = passes::default_pipeline(),
              std::span<const AppliedAdapter> adapters = {});
  ~LoadedModel();

  const model::Model& model() const { return model_; }
  const graph::Graph& graph() const { return graph_; }
  WeightStore& weights() { return weights_; }
  /// Made when first asked for; Error(bad_input) if the model has none.
  const text::Tokenizer& tokenizer() const;

  /// The context that the model was trained for, in tokens.
  int64_t trained_context() const;
  int64_t vocabulary() const;
  /// How many adapters sequences can choose among.
  int64_t choosable_adapters() const { return choosable_adapters_; }

 private:
  model::Model model_;
  graph::Graph graph_;
  WeightStore weights_;
  int64_t choosable_adapters_ = 0;
  mutable std::unique_ptr<text::Tokenizer> tokenizer_;
};

}  // namespace adze::runtime
