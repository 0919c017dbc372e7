#include "architectures/decoder_builder.h"

#include <fmt/format.h>

#include "architectures/known_settings.h"
#include "codecs/codec.h"
#include "ops/add/add.h"
#include "ops/append_state/append_state.h"
#include "ops/attention/attention.h"
#include "ops/causal_convolution/causal_convolution.h"
#include "ops/clamped_swiglu/clamped_swiglu.h"
#include "ops/combine_experts/combine_experts.h"
#include "ops/gate_rows/gate_rows.h"
#include "ops/gather_positions/gather_positions.h"
#include "ops/gather_rows/gather_rows.h"
#include "ops/gather_token_types/gather_token_types.h"
#include "ops/gelu/gelu.h"
#include "ops/join_heads/join_heads.h"
#include "ops/layer_norm/layer_norm.h"
#include "ops/linear/expert_linear.h"
#include "ops/linear/linear.h"
#include "ops/number_heads/number_heads.h"
#include "ops/read_state/read_state.h"
#include "ops/rms_norm/rms_norm.h"
#include "ops/rotary/rotary.h"
#include "ops/rotary_angles/rotary_angles.h"
#include "ops/route_experts/route_experts.h"
#include "ops/scale/scale.h"
#include "ops/select_rows/select_rows.h"
#include "ops/selective_scan/selective_scan.h"
#include "ops/self_attention/self_attention.h"
#include "ops/slice_columns/slice_columns.h"
#include "ops/slice_heads/slice_heads.h"
#include "ops/soft_cap/soft_cap.h"
#include "ops/swiglu/swiglu.h"

namespace adze::architectures {

using graph::Dim;
using graph::ValueKind;
using graph::ValueType;

DecoderBuilder::DecoderBuilder(const model::Model& model, std::string_view architecture)
    : model_(model), architecture_(architecture), weights_(model.tensors) {
  graph_.name = architecture;
  const Dim tokens = Dim::symbol(graph_.add_symbol("T", 1, INT32_MAX));
  const Dim logit_rows = Dim::symbol(graph_.add_symbol("R", 0, INT32_MAX));
  tokens_ = graph_.add_input("tokens", ValueType::tensor(&codecs::i32.info, {tokens}));
  ValueType batch = ValueType::of_kind(ValueKind::batch);
  batch.dims = {tokens, logit_rows};
  batch_ = graph_.add_input("batch", std::move(batch));
}

ValueId DecoderBuilder::one(const graph::OpSchema& op, std::string_view name, std::vector<ValueId> inputs,
                            graph::Attributes attributes) {
  return graph_.add_node(op, std::string(name), std::move(inputs), std::move(attributes)).front();
}

ValueId DecoderBuilder::weight(std::string_view name, const Shape& shape) {
  weights_.require(name, shape);
  if (const auto known = graph_.find_value(name)) return *known;
  return graph_.add_weight(std::string(name), {shape.dims().begin(), shape.dims().end()});
}

int64_t DecoderBuilder::features_of(ValueId value) const { return graph_.value(value).type.dims.back().constant(); }

ValueId DecoderBuilder::embedding(std::string_view weight_name, int64_t vocabulary, int64_t features) {
  return one(ops::gather_rows, "embedding", {weight(weight_name, {vocabulary, features}), tokens_});
}

ValueId DecoderBuilder::position_embedding(int64_t features) {
  constexpr std::string_view kTable = "position_embd.weight";
  return one(ops::gather_positions, "position_embedding", {weight(kTable, {rows_of(kTable), features}), batch_});
}

ValueId DecoderBuilder::token_types(int64_t features) {
  constexpr std::string_view kTable = "token_types.weight";
  return one(ops::gather_token_types, "token_type_embedding", {weight(kTable, {rows_of(kTable), features}), batch_});
}

std::vector<ValueId> DecoderBuilder::norm_inputs(std::string_view name, ValueId x, const Shape& shape) {
  std::vector<ValueId> inputs{x, weight(fmt::format("{}.weight", name), shape)};
  const auto bias = fmt::format("{}.bias", name);
  if (has_weight(bias)) inputs.push_back(weight(bias, shape));
  return inputs;
}

ValueId DecoderBuilder::norm(std::string_view name, NormKind kind, ValueId x, double epsilon) {
  return norm_of_heads(name, kind, x, epsilon, 1);
}

// [width] or [1, width] for the whole row, [width / heads] for all heads alike, [heads, width / heads].
Shape DecoderBuilder::shape_of_head_norm(std::string_view name, ValueId x, int64_t heads) const {
  const int64_t width = features_of(x);
  const auto* found = model_.tensors.find(fmt::format("{}.weight", name));
  if (found && found->shape == Shape{width}) return {width};
  if (found && found->shape.rank() == 2) return {heads, width / heads};
  return {width / heads};
}

ValueId DecoderBuilder::norm_of_heads(std::string_view name, NormKind kind, ValueId x, double epsilon, int64_t heads) {
  const Shape shape = shape_of_head_norm(name, x, heads);
  const bool whole = shape.rank() == 1 && shape[0] == features_of(x);
  graph::Attributes attributes{{"epsilon", epsilon}};
  if (!whole) attributes.emplace("groups", heads);
  const auto inputs = norm_inputs(name, x, shape);
  return one(kind == NormKind::rms ? ops::rms_norm : ops::layer_norm, name, inputs, std::move(attributes));
}

int64_t DecoderBuilder::rows_of(std::string_view weight_name) const {
  const auto* found = model_.tensors.find(weight_name);
  return found && found->shape.rank() > 0 ? found->shape[0] : 0;
}

ValueId DecoderBuilder::linear(std::string_view name, ValueId x, int64_t out_features) {
  return linear_with_weight(name, fmt::format("{}.weight", name), x, out_features);
}

ValueId DecoderBuilder::linear_with_weight(std::string_view name, std::string_view weight_name, ValueId x,
                                           int64_t out_features) {
  std::vector<ValueId> inputs{x, weight(weight_name, {out_features, features_of(x)})};
  const auto bias = fmt::format("{}.bias", name);
  if (has_weight(bias)) inputs.push_back(weight(bias, {out_features}));
  return one(ops::linear, name, std::move(inputs));
}

ValueId DecoderBuilder::rotary_angles(std::string_view name, graph::Attributes attributes) {
  std::vector<ValueId> inputs{batch_};
  const int64_t pairs = std::get<int64_t>(attributes.at("rotary_dims")) / 2;
  if (attributes.contains("original_context") && has_weight("rope_factors_short.weight")) {
    inputs.push_back(weight("rope_factors_short.weight", {pairs}));
    inputs.push_back(weight("rope_factors_long.weight", {pairs}));
  } else if (has_weight("rope_freqs.weight")) {
    inputs.push_back(weight("rope_freqs.weight", {pairs}));
  }
  return one(ops::rotary_angles, name, std::move(inputs), std::move(attributes));
}

ValueId DecoderBuilder::rotary(std::string_view name, ValueId x, ValueId angles, const RotaryShape& shape) {
  return one(ops::rotary, name, {x, angles},
             {{"heads", shape.heads},
              {"head_dim", shape.head_dim},
              {"rotary_dims", shape.rotary_dims},
              {"layout", std::string(shape.layout)}});
}

ValueId DecoderBuilder::running_state(std::string_view name, int64_t rows, int64_t columns) {
  return graph_.add_state(fmt::format("{}.state", name),
                          ValueType::state(&codecs::f32.info, {Dim(rows), Dim(columns)}));
}

ValueId DecoderBuilder::effect_input(std::string_view name) {
  return graph_.add_input(fmt::format("{}.begin", name), ValueType::of_kind(ValueKind::effect));
}

ValueId DecoderBuilder::causal_convolution(std::string_view name, ValueId x, int64_t width) {
  const int64_t channels = features_of(x);
  const auto bias_name = fmt::format("{}.bias", name);
  const ValueId bias = has_weight(bias_name) ? weight(bias_name, {channels}) : graph::kNoValue;
  return one(ops::causal_convolution, name,
             {x, weight(fmt::format("{}.weight", name), {channels, width}), bias,
              running_state(name, width - 1, channels), batch_, effect_input(name)});
}

ValueId DecoderBuilder::selective_scan(std::string_view prefix, ValueId mixed, ValueId steps,
                                       const StateSpaceShape& shape) {
  const auto name = fmt::format("{}ssm_scan", prefix);
  const auto of_heads = [&](std::string_view part) {
    return weight(fmt::format("{}{}", prefix, part), {shape.heads, 1});
  };
  return one(
      ops::selective_scan, name,
      {mixed, steps, weight(fmt::format("{}ssm_dt.bias", prefix), {shape.heads}), of_heads("ssm_a"), of_heads("ssm_d"),
       running_state(name, shape.heads, shape.states * shape.head_dim), batch_, effect_input(name)},
      {{"groups", shape.groups}, {"states", shape.states}});
}

ValueId DecoderBuilder::remembered(std::string_view name, ValueId rows, int64_t heads) {
  const auto state = graph_.add_state(fmt::format("{}.state", name),
                                      ValueType::state(nullptr, {Dim(heads), Dim(features_of(rows) / heads)}));
  const auto stored = one(ops::append_state, fmt::format("{}.append", name), {state, rows, batch_, effect_input(name)});
  return one(ops::read_state, fmt::format("{}.history", name), {state, batch_, stored});
}

ValueId DecoderBuilder::attention(std::string_view name, ValueId queries, ValueId keys, ValueId values,
                                  const AttentionShape& shape) {
  const auto key_history = remembered(fmt::format("{}.keys", name), keys, shape.key_heads);
  const auto value_history = remembered(fmt::format("{}.values", name), values, shape.key_heads);
  graph::Attributes attributes{
      {"query_heads", shape.query_heads}, {"key_heads", shape.key_heads}, {"head_dim", shape.head_dim}};
  if (shape.window > 0) attributes.emplace("window", shape.window);
  if (shape.soft_cap > 0) attributes.emplace("soft_cap", shape.soft_cap);
  if (shape.scale > 0) attributes.emplace("scale", shape.scale);
  if (shape.value_dim > 0) attributes.emplace("value_dim", shape.value_dim);
  std::vector<ValueId> inputs{queries, key_history, value_history, batch_};
  const auto sinks = fmt::format("{}_sinks.weight", name);
  if (has_weight(sinks)) inputs.push_back(weight(sinks, {shape.query_heads}));
  return one(ops::attention, name, std::move(inputs), std::move(attributes));
}

ValueId DecoderBuilder::self_attention(std::string_view name, const Projections& projections,
                                       const AttentionShape& shape, std::string_view bias) {
  std::vector<ValueId> inputs{projections.queries, projections.keys, projections.values, batch_};
  if (!bias.empty()) inputs.push_back(weight(bias, {rows_of(bias), shape.query_heads}));
  graph::Attributes attributes{
      {"query_heads", shape.query_heads}, {"key_heads", shape.key_heads}, {"head_dim", shape.head_dim}};
  return one(ops::self_attention, name, std::move(inputs), std::move(attributes));
}

ValueId DecoderBuilder::swiglu(std::string_view name, ValueId gate, ValueId up) {
  return one(ops::swiglu, name, {gate, up});
}

ValueId DecoderBuilder::clamped_swiglu(std::string_view name, ValueId gate, ValueId up, const GateClamp& clamp) {
  return one(ops::clamped_swiglu, name, {gate, up}, {{"limit", clamp.limit}, {"slope", clamp.slope}});
}

namespace {
graph::Attributes approximated(bool tanh) { return {{"approximation", std::string(tanh ? "tanh" : "none")}}; }
}  // namespace

ValueId DecoderBuilder::geglu(std::string_view name, ValueId gate, ValueId up, bool tanh) {
  return one(ops::geglu, name, {gate, up}, approximated(tanh));
}

ValueId DecoderBuilder::gelu(std::string_view name, ValueId x, bool tanh) {
  return one(ops::gelu, name, {x}, approximated(tanh));
}

ValueId DecoderBuilder::scale(std::string_view name, ValueId x, double factor) {
  return one(ops::scale, name, {x}, {{"factor", factor}});
}

ValueId DecoderBuilder::soft_cap(std::string_view name, ValueId x, double cap) {
  return one(ops::soft_cap, name, {x}, {{"cap", cap}});
}

ValueId DecoderBuilder::tanh(std::string_view name, ValueId x) { return soft_cap(name, x, 1); }

void DecoderBuilder::ignore_weights(std::initializer_list<std::string_view> names) {
  for (const auto name : names) weights_.ignore(name);
}

ValueId DecoderBuilder::slice_columns(std::string_view name, ValueId x, int64_t begin, int64_t count) {
  return one(ops::slice_columns, name, {x}, {{"begin", begin}, {"count", count}});
}

ValueId DecoderBuilder::slice_heads(std::string_view name, ValueId x, const HeadColumns& columns) {
  return one(ops::slice_heads, name, {x},
             {{"heads", columns.heads}, {"begin", columns.begin}, {"count", columns.count}});
}

ValueId DecoderBuilder::join_heads(std::string_view name, ValueId a, ValueId b, int64_t heads) {
  std::vector<ValueId> inputs{a};
  if (b != graph::kNoValue) inputs.push_back(b);
  return one(ops::join_heads, name, std::move(inputs), {{"heads", heads}});
}

ValueId DecoderBuilder::number_heads(std::string_view name, int64_t heads) {
  return one(ops::number_heads, name, {batch_}, {{"heads", heads}});
}

RoutedRows DecoderBuilder::route_experts(std::string_view name, ValueId logits, graph::Attributes attributes) {
  std::vector<ValueId> inputs{logits};
  const auto bias = fmt::format("{}.bias", name);
  if (has_weight(bias)) inputs.push_back(weight(bias, {features_of(logits)}));
  const auto outputs = graph_.add_node(ops::route_experts, std::string(name), inputs, std::move(attributes));
  return {outputs[0], outputs[1]};
}

ValueId DecoderBuilder::expert_linear(std::string_view name, ValueId x, const RoutedRows& routed,
                                      const ExpertShape& shape) {
  const auto matrix = weight(fmt::format("{}.weight", name), {shape.experts, shape.out_features, features_of(x)});
  std::vector<ValueId> inputs{x, matrix, routed.experts};
  const auto bias = fmt::format("{}.bias", name);
  if (has_weight(bias)) inputs.push_back(weight(bias, {shape.experts, shape.out_features}));
  return one(ops::expert_linear, name, std::move(inputs));
}

ValueId DecoderBuilder::combine_experts(std::string_view name, ValueId x, const RoutedRows& routed) {
  return one(ops::combine_experts, name, {x, routed.weights});
}

ValueId DecoderBuilder::gate_rows(std::string_view name, ValueId x, ValueId gate) {
  return one(ops::gate_rows, name, {x, gate});
}

ValueId DecoderBuilder::add(std::string_view name, ValueId a, ValueId b) { return one(ops::add, name, {a, b}); }

ValueId DecoderBuilder::rows_with_logits(ValueId x) { return one(ops::select_rows, "rows_with_logits", {x, batch_}); }

graph::Graph DecoderBuilder::finish(ValueId logits) && {
  for (auto& problem : settings_not_understood(model_.config)) weights_.add_problem(std::move(problem));
  weights_.finish(architecture_);
  graph_.outputs = {logits};
  return std::move(graph_);
}

}  // namespace adze::architectures
