// Numbers that are known before a graph runs.
#pragma once

#include <optional>
#include <string>

#include "model/tensor.h"
#include "passes/pass.h"
#include "tensor/host_tensor.h"

namespace adze::passes {

/// REQUIRES: origin constant.
HostTensor tensor_of_constant(const graph::Value& value);
/// Stays where it is unless it must be moved to be aligned.
HostTensor tensor_of_weight(const model::Tensor& weight);

/// Constants and weights of the graph that a pass sees, and those that it captures.
class ConstantTensors {
 public:
  explicit ConstantTensors(const PassContext& context)
      : graph_(context.graph), weights_(context.options.weights), enclosing_(context.enclosing) {}

  /// False for an omitted input too.
  bool knows(graph::ValueId id) const;
  /// REQUIRES: knows(id).
  HostTensor at(graph::ValueId id) const;
  /// Of an input that may be omitted or not known.
  std::optional<HostTensor> find(graph::ValueId id) const;
  /// A new value with these numbers: small ones become a constant of the graph, others a weight. Its name is made
  /// unique. REQUIRES: numbers, not texts.
  graph::ValueId add(const std::string& name, const HostTensor& numbers) const;

 private:
  std::string unique_name(const std::string& name) const;

  graph::Graph& graph_;
  model::TensorList* weights_;
  const PassContext* enclosing_;
};

}  // namespace adze::passes
