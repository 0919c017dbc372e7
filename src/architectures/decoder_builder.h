// The vocabulary in which decoder-only language models are described: one call per step of the forward pass.
#pragma once

#include <string>
#include <string_view>

#include "graph/graph.h"
#include "model/model.h"
#include "model/weight_list.h"

namespace adze::architectures {

using graph::ValueId;

struct AttentionShape {
  int64_t query_heads;
  int64_t key_heads;
  int64_t head_dim;
  int64_t window = 0;   // 0: the whole history
  double soft_cap = 0;  // 0: none
};

/// Builds a Graph over packed tokens: [T, features] everywhere, R rows of logits at the end. Weights are checked
/// against the model as they are named; optional ones (biases, frequency factors) are discovered.
class DecoderBuilder {
 public:
  DecoderBuilder(const model::Model& model, std::string_view architecture);

  ValueId embedding(std::string_view weight, int64_t vocabulary, int64_t features);
  ValueId rms_norm(std::string_view name, ValueId x, double epsilon);
  ValueId linear(std::string_view name, ValueId x, int64_t out_features);
  /// `name` is where the result goes, `weight` which tensor is used: a tied output projection.
  ValueId linear_with_weight(std::string_view name, std::string_view weight, ValueId x, int64_t out_features);
  ValueId rotary(std::string_view name, ValueId x, ValueId angles, int64_t heads, int64_t head_dim,
                 int64_t rotary_dims);
  ValueId rotary_angles(graph::Attributes attributes, std::string_view factors_weight);
  /// Appends keys and values to this layer's states and attends to the history.
  ValueId attention(std::string_view name, ValueId queries, ValueId keys, ValueId values, const AttentionShape& shape);
  ValueId swiglu(std::string_view name, ValueId gate, ValueId up);
  ValueId add(std::string_view name, ValueId a, ValueId b);
  ValueId rows_with_logits(ValueId x);

  bool has_weight(std::string_view name) const { return model_.tensors.contains(name); }

  /// Checks that every tensor of the model was used, and hands the graph over.
  graph::Graph finish(ValueId logits) &&;

 private:
  ValueId one(const graph::OpSchema& op, std::string_view name, std::vector<ValueId> inputs,
              graph::Attributes attributes = {});
  ValueId weight(std::string_view name, const Shape& shape);
  int64_t features_of(ValueId value) const;
  ValueId remembered(std::string_view name, ValueId rows, const AttentionShape& shape);

  const model::Model& model_;
  std::string architecture_;
  model::WeightList weights_;
  graph::Graph graph_;
  ValueId batch_ = graph::kNoValue;
  ValueId tokens_ = graph::kNoValue;
};

}  // namespace adze::architectures
