// The vocabulary in which language models are described: one call per step of the forward pass.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "graph/graph.h"
#include "model/model.h"
#include "model/weight_list.h"

namespace adze::architectures {

using graph::ValueId;

enum class NormKind { rms, layer };

struct AttentionShape {
  int64_t query_heads;
  int64_t key_heads;
  int64_t head_dim;
  int64_t window = 0;     // 0: the whole history
  double soft_cap = 0;    // 0: none
  double scale = 0;       // 0: 1 / sqrt(head_dim)
  int64_t value_dim = 0;  // 0: head_dim
};

/// Of ops/selective_scan.
struct StateSpaceShape {
  int64_t heads;
  int64_t head_dim;
  int64_t groups;
  int64_t states;
};

struct Projections {
  ValueId queries, keys, values;
};

struct RoutedRows {
  ValueId experts;  // [T, used]
  ValueId weights;
};

struct ExpertShape {
  int64_t experts;
  int64_t out_features;
};

/// Columns of each head.
struct HeadColumns {
  int64_t heads;
  int64_t begin;
  int64_t count;
};

struct RotaryShape {
  int64_t heads;
  int64_t head_dim;
  int64_t rotary_dims;
  std::string_view layout;
};

/// Of ops/clamped_swiglu.
struct GateClamp {
  double limit;
  double slope;
};

/// Builds a Graph over packed tokens: [T, features] everywhere, R rows of logits at the end. Weights are checked
/// against the model as they are named; optional ones (biases, frequency factors) are discovered.
class DecoderBuilder {
 public:
  DecoderBuilder(const model::Model& model, std::string_view architecture);

  ValueId embedding(std::string_view weight, int64_t vocabulary, int64_t features);
  /// The row of a table of positions, `position_embd.weight`.
  ValueId position_embedding(int64_t features);
  /// The row of a table of token types, `token_types.weight`.
  ValueId token_types(int64_t features);
  ValueId norm(std::string_view name, NormKind kind, ValueId x, double epsilon);
  /// Of each head, or of the whole row, as the weight's shape says.
  ValueId norm_of_heads(std::string_view name, NormKind kind, ValueId x, double epsilon, int64_t heads);
  ValueId linear(std::string_view name, ValueId x, int64_t out_features);
  /// `name` is where the result goes, `weight` which tensor is used: a tied output projection.
  ValueId linear_with_weight(std::string_view name, std::string_view weight, ValueId x, int64_t out_features);
  ValueId rotary(std::string_view name, ValueId x, ValueId angles, const RotaryShape& shape);
  /// Finds the weights with factors of frequencies that belong to it.
  ValueId rotary_angles(std::string_view name, graph::Attributes attributes);
  /// Appends keys and values to this layer's states and attends to the history.
  /// Finds the sinks that belong to it.
  ValueId attention(std::string_view name, ValueId queries, ValueId keys, ValueId values, const AttentionShape& shape);
  /// Attends to the whole text, which is in the batch; nothing is kept. `bias`: the weight with what distances add to
  /// scores, [buckets, heads]; empty: none.
  ValueId self_attention(std::string_view name, const Projections& projections, const AttentionShape& shape,
                         std::string_view bias);
  /// Convolves columns over the tokens with weights `name`.weight [features, width], then SiLU; finds the bias.
  ValueId causal_convolution(std::string_view name, ValueId x, int64_t width);
  /// What the states of all heads say to `mixed`, with the weights `prefix`ssm_dt.bias, ssm_a and ssm_d.
  ValueId selective_scan(std::string_view prefix, ValueId mixed, ValueId steps, const StateSpaceShape& shape);
  ValueId swiglu(std::string_view name, ValueId gate, ValueId up);
  ValueId clamped_swiglu(std::string_view name, ValueId gate, ValueId up, const GateClamp& clamp);
  ValueId geglu(std::string_view name, ValueId gate, ValueId up, bool tanh);
  ValueId gelu(std::string_view name, ValueId x, bool tanh);
  ValueId scale(std::string_view name, ValueId x, double factor);
  ValueId soft_cap(std::string_view name, ValueId x, double cap);
  ValueId tanh(std::string_view name, ValueId x);
  ValueId slice_columns(std::string_view name, ValueId x, int64_t begin, int64_t count);
  /// [T * heads, count]: rows of heads, of which weights of their own may be multiplied (expert_linear).
  ValueId slice_heads(std::string_view name, ValueId x, const HeadColumns& columns);
  /// Rows of heads, or of two values for each head, side by side again; `b` may be kNoValue.
  ValueId join_heads(std::string_view name, ValueId a, ValueId b, int64_t heads);
  /// [T, heads]: what expert_linear takes as choice where each head has weights of its own.
  ValueId number_heads(std::string_view name, int64_t heads);
  /// The top `used` experts of a router's logits, with the attributes of route_experts; finds the bias of the choice.
  RoutedRows route_experts(std::string_view name, ValueId logits, graph::Attributes attributes);
  /// Weights `name`.weight [experts, out_features, features of x]; finds the biases.
  ValueId expert_linear(std::string_view name, ValueId x, const RoutedRows& routed, const ExpertShape& shape);
  ValueId combine_experts(std::string_view name, ValueId x, const RoutedRows& routed);
  ValueId gate_rows(std::string_view name, ValueId x, ValueId gate);
  ValueId add(std::string_view name, ValueId a, ValueId b);
  ValueId rows_with_logits(ValueId x);

  const model::KeyValues& config() const { return model_.config; }
  /// Weights that may be there and are not used.
  void ignore_weights(std::initializer_list<std::string_view> names);
  bool has_weight(std::string_view name) const { return model_.tensors.contains(name); }
  /// 0 for a weight that is not there.
  int64_t rows_of(std::string_view weight) const;

  /// Checks that every tensor of the model was used, and hands the graph over.
  graph::Graph finish(ValueId logits) &&;

 private:
  ValueId one(const graph::OpSchema& op, std::string_view name, std::vector<ValueId> inputs,
              graph::Attributes attributes = {});
  ValueId weight(std::string_view name, const Shape& shape);
  std::vector<ValueId> norm_inputs(std::string_view name, ValueId x, const Shape& shape);
  Shape shape_of_head_norm(std::string_view name, ValueId x, int64_t heads) const;
  int64_t features_of(ValueId value) const;
  /// A state that a sequence has come to, [rows, columns].
  ValueId running_state(std::string_view name, int64_t rows, int64_t columns);
  ValueId effect_input(std::string_view name);
  ValueId remembered(std::string_view name, ValueId rows, int64_t heads);

  const model::Model& model_;
  std::string architecture_;
  model::WeightList weights_;
  graph::Graph graph_;
  ValueId batch_ = graph::kNoValue;
  ValueId tokens_ = graph::kNoValue;
};

}  // namespace adze::architectures
