// One graph of a TFLite model becoming a Graph over standard ops.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/standard_nodes.h"
#include "formats/tflite/tflite_model.h"

namespace adze::formats {

/// The numbers of a tensor that is not computed. Error(bad_input) when its buffer is too short.
model::Tensor tflite_constant(const TfliteTensor& tensor, const std::shared_ptr<const void>& owner);

class TfliteImporter {
 public:
  using ValueId = graph::ValueId;

  /// `outer`: of the graph around a branch, or null.
  TfliteImporter(const TfliteModel& model, size_t subgraph, model::TensorList& weights, TfliteImporter* outer);

  /// One that adds the nodes of another of the model's graphs to the graph of `host`.
  TfliteImporter(TfliteImporter& host, size_t subgraph);

  /// `bound`: values of the graph's inputs, of a branch; none: they become inputs.
  void import(const std::vector<ValueId>& bound = {});
  /// Only the nodes: values of the inputs -> values of the outputs.
  std::vector<ValueId> import_nodes(const std::vector<ValueId>& bound);

  const TfliteModel& model() const { return model_; }
  const TfliteSubgraph& source() const { return source_; }
  StandardNodes& nodes() { return *nodes_; }
  std::shared_ptr<graph::Graph> graph() { return graph_; }
  model::TensorList& weights() { return nodes_->weights(); }
  ValueId capture(ValueId value) { return nodes_->capture(*outer_->graph_, value); }

  /// The value of a tensor. Error(bad_input) when nothing has computed it yet.
  ValueId value(int32_t tensor);
  void set_value(int32_t tensor, ValueId value);
  /// Its dequantized form, made once.
  std::optional<ValueId> known_real(ValueId value) const;
  void set_real(ValueId value, ValueId real) { reals_[value] = real; }

 private:
  void count_parts();
  graph::ValueType type_of(const TfliteTensor& tensor) const;
  void bind(const std::vector<ValueId>& bound);
  void add_operators();
  void add_inputs();
  void add_operator(const TfliteOperator& operation, size_t index);
  void add_outputs();

  const TfliteModel& model_;
  const TfliteSubgraph& source_;
  TfliteImporter* outer_;
  int depth_;
  std::shared_ptr<size_t> parts_;  // tensors and operators of all graphs so far, each as often as it is used
  std::shared_ptr<graph::Graph> graph_ = std::make_shared<graph::Graph>();
  std::shared_ptr<StandardNodes> nodes_;
  std::vector<std::optional<ValueId>> values_;
  std::map<ValueId, ValueId> reals_;
};

}  // namespace adze::formats
