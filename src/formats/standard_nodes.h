// Adds nodes of standard ops to a Graph: what readers of graph formats whose ops are not the standard's own write with.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "model/model.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {

class StandardNodes {
 public:
  using ValueId = graph::ValueId;
  using Values = std::vector<ValueId>;

  /// REQUIRES: both outlive this. Sub-graphs have nodes of their own and share the weights.
  StandardNodes(graph::Graph& graph, model::TensorList& weights) : graph_(graph), weights_(weights) {}

  /// What the nodes that follow belong to: the first part of their names.
  void enter(std::string scope) { scope_ = std::move(scope); }

  ValueId input(const std::string& name, graph::ValueType type);
  /// A value of the graph around this one; the same for the same.
  ValueId capture(const graph::Graph& outer, ValueId value);

  // ---- constants: of the graph up to 1 KiB, where inference sees them, else weights
  ValueId constant(const HostTensor& tensor, const std::string& name = "");
  ValueId weight(model::Tensor tensor);
  /// A tensor of a file: small ones as constants.
  ValueId stored(const model::Tensor& tensor);
  ValueId ints(std::vector<int64_t> numbers) { return constant(ops::integer_tensor(std::move(numbers))); }
  ValueId whole(int64_t number) { return constant(ops::integer_scalar(number)); }
  ValueId flag(bool flag) { return constant(ops::flag_scalar(flag)); }
  /// A scalar of a type.
  ValueId number(double number, StorageType type);

  // ---- nodes; types of outputs are inferred
  ValueId add(std::string_view op, Values inputs, graph::Attributes attributes = {});
  Values add_several(std::string_view op, Values inputs, graph::Attributes attributes, size_t outputs);
  /// With sub-graphs.
  Values add_with_bodies(std::string_view op, Values inputs, std::vector<std::shared_ptr<graph::Graph>> bodies,
                         size_t outputs);
  ValueId cast(ValueId x, StorageType type);
  ValueId transpose(ValueId x, std::vector<int64_t> order);
  /// 0 keeps a dimension, -1 follows from the others.
  ValueId reshape(ValueId x, std::vector<int64_t> dims);
  ValueId unsqueeze(ValueId x, std::vector<int64_t> axes) { return add("Unsqueeze", {x, ints(std::move(axes))}); }
  ValueId squeeze(ValueId x, std::vector<int64_t> axes) { return add("Squeeze", {x, ints(std::move(axes))}); }
  ValueId concat(Values parts, int64_t axis) { return add("Concat", std::move(parts), {{"axis", axis}}); }
  /// Numbers [begin, end) of one axis, every `step`th.
  ValueId slice(ValueId x, int64_t axis, int64_t begin, int64_t end, int64_t step = 1);
  /// Length of an axis, as i64 [1].
  ValueId length(ValueId x, int64_t axis);

  // ---- what is known
  const graph::ValueType& type(ValueId id) const { return graph_.value(id).type; }
  StorageType storage(ValueId id) const { return type(id).storage; }
  std::optional<size_t> rank(ValueId id) const;
  /// Numbers of a constant of integers.
  std::optional<std::vector<int64_t>> integers(ValueId id) const;
  /// The same, and Error(unsupported) where it is not known before the graph runs.
  int64_t require_rank(ValueId id) const;
  std::vector<int64_t> require_dims(ValueId id) const;
  std::vector<int64_t> require_integers(ValueId id) const;
  /// The number of a constant of one element.
  std::optional<double> one_number(ValueId id) const;
  /// Fills in what inference does not know.
  void refine(ValueId id, const graph::ValueType& declared);
  /// Gives a value a name, made unique.
  void rename(ValueId id, const std::string& name);

  graph::Graph& graph() { return graph_; }
  model::TensorList& weights() { return weights_; }

 private:
  std::optional<HostTensor> constant_tensor(ValueId id) const;
  ValueId define(graph::Value value);
  std::string unique_name(const std::string& wanted, std::set<std::string>& taken);
  Values append(graph::Node node, std::string_view op, size_t outputs);

  graph::Graph& graph_;
  model::TensorList& weights_;
  std::string scope_;
  std::set<std::string> value_names_, node_names_;
  std::map<ValueId, ValueId> captured_;
};

}  // namespace adze::formats
