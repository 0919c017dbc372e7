#include "architectures/decoder_builder.h"

#include <fmt/format.h>

#include "codecs/codec.h"
#include "ops/add/add.h"
#include "ops/append_state/append_state.h"
#include "ops/attention/attention.h"
#include "ops/gather_rows/gather_rows.h"
#include "ops/linear/linear.h"
#include "ops/read_state/read_state.h"
#include "ops/rms_norm/rms_norm.h"
#include "ops/rotary/rotary.h"
#include "ops/rotary_angles/rotary_angles.h"
#include "ops/select_rows/select_rows.h"
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

ValueId DecoderBuilder::rms_norm(std::string_view name, ValueId x, double epsilon) {
  const auto scale = weight(fmt::format("{}.weight", name), {features_of(x)});
  return one(ops::rms_norm, name, {x, scale}, {{"epsilon", epsilon}});
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

ValueId DecoderBuilder::rotary_angles(graph::Attributes attributes, std::string_view factors_weight) {
  std::vector<ValueId> inputs{batch_};
  const int64_t dims = std::get<int64_t>(attributes.at("rotary_dims"));
  if (has_weight(factors_weight)) inputs.push_back(weight(factors_weight, {dims / 2}));
  return one(ops::rotary_angles, "rotary_angles", std::move(inputs), std::move(attributes));
}

ValueId DecoderBuilder::rotary(std::string_view name, ValueId x, ValueId angles, int64_t heads, int64_t head_dim,
                               int64_t rotary_dims) {
  return one(ops::rotary, name, {x, angles},
             {{"heads", heads}, {"head_dim", head_dim}, {"rotary_dims", rotary_dims}, {"layout", "interleaved"}});
}

ValueId DecoderBuilder::remembered(std::string_view name, ValueId rows, const AttentionShape& shape) {
  const auto state = graph_.add_state(fmt::format("{}.state", name),
                                      ValueType::state(nullptr, {Dim(shape.key_heads), Dim(shape.head_dim)}));
  const auto begin = graph_.add_input(fmt::format("{}.begin", name), ValueType::of_kind(ValueKind::effect));
  const auto stored = one(ops::append_state, fmt::format("{}.append", name), {state, rows, batch_, begin});
  return one(ops::read_state, fmt::format("{}.history", name), {state, batch_, stored});
}

ValueId DecoderBuilder::attention(std::string_view name, ValueId queries, ValueId keys, ValueId values,
                                  const AttentionShape& shape) {
  const auto key_history = remembered(fmt::format("{}.keys", name), keys, shape);
  const auto value_history = remembered(fmt::format("{}.values", name), values, shape);
  graph::Attributes attributes{
      {"query_heads", shape.query_heads}, {"key_heads", shape.key_heads}, {"head_dim", shape.head_dim}};
  if (shape.window > 0) attributes.emplace("window", shape.window);
  if (shape.soft_cap > 0) attributes.emplace("soft_cap", shape.soft_cap);
  return one(ops::attention, name, {queries, key_history, value_history, batch_}, std::move(attributes));
}

ValueId DecoderBuilder::swiglu(std::string_view name, ValueId gate, ValueId up) {
  return one(ops::swiglu, name, {gate, up});
}

ValueId DecoderBuilder::add(std::string_view name, ValueId a, ValueId b) { return one(ops::add, name, {a, b}); }

ValueId DecoderBuilder::rows_with_logits(ValueId x) { return one(ops::select_rows, "rows_with_logits", {x, batch_}); }

graph::Graph DecoderBuilder::finish(ValueId logits) && {
  weights_.finish(architecture_);
  graph_.outputs = {logits};
  return std::move(graph_);
}

}  // namespace adze::architectures
