#include "formats/onnx_lowering/lowering.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace adze::formats {
namespace {

OnnxDim symbol(std::string name) { return {std::nullopt, std::move(name)}; }
OnnxDim constant(int64_t value) { return {value, {}}; }

OnnxValueType history_type(const OnnxState& state, const char* tokens) {
  return OnnxValueType::tensor(OnnxType::float32,
                               {symbol("batch"), constant(state.heads), symbol(tokens), constant(state.head_dim)});
}

}  // namespace

OnnxLowering::OnnxLowering(const model::Model& model, const graph::Graph& graph, OnnxDialect dialect)
    : model_(model), graph_(graph), dialect_(dialect), context_(model.config.require_int("context_length")) {}

void OnnxLowering::refuse(const std::string& what) const {
  fail(ErrorCode::unsupported, "node '{}': op {} has no form in ONNX{}{}", node_->name, node_->op->name,
       what.empty() ? "" : ": ", what);
}

bool OnnxLowering::has_input(size_t index) const {
  return index < node_->inputs.size() && node_->inputs[index] != graph::kNoValue;
}

bool OnnxLowering::is_known(size_t index) const { return names_.contains(node_->inputs.at(index)); }

const std::string& OnnxLowering::input(size_t index) const {
  const auto found = names_.find(node_->inputs.at(index));
  if (found == names_.end()) refuse(fmt::format("its input {} is no tensor there", index));
  return found->second;
}

const model::Tensor& OnnxLowering::weight_of(const graph::Node& node, size_t index) const {
  return model_.tensors.at(graph_.value(node.inputs.at(index)).name);
}

const model::Tensor& OnnxLowering::weight(size_t index) const { return weight_of(*node_, index); }

int64_t OnnxLowering::features(size_t index) const {
  return graph_.value(node_->inputs.at(index)).type.dims.back().constant();
}

void OnnxLowering::set_result_of(const graph::Node& node, std::string name) {
  names_[node.outputs.front()] = std::move(name);
  done_.insert(&node);
}

bool OnnxLowering::is_norm_of_whole_rows(const graph::Node& node) const {
  return node.op->name == "rms_norm" && node.inputs.size() == 2 && !node.attributes.contains("groups");
}

// Selecting rows is nothing here, so a norm may lie behind it.
const graph::Node* OnnxLowering::norm_of_sum() const {
  std::set<graph::ValueId> sums{node_->outputs.front()};
  for (const auto& later : graph_.nodes) {
    if (later.inputs.empty() || !sums.contains(later.inputs.front())) continue;
    if (later.op->name == "select_rows") sums.insert(later.outputs.front());
    if (is_norm_of_whole_rows(later)) return &later;
  }
  return nullptr;
}

size_t OnnxLowering::add_layer(const OnnxState& keys, const OnnxState& values) {
  const size_t layer = states_.size() / 2;
  const auto add = [&](const char* part, const OnnxState& state) {
    out_.inputs().push_back({fmt::format("past_key_values.{}.{}", layer, part), history_type(state, "past_sequence")});
    out_.outputs().push_back({fmt::format("present.{}.{}", layer, part), history_type(state, "total_sequence")});
    states_.push_back(state);
  };
  add("key", keys);
  add("value", values);
  return layer;
}

const std::string& OnnxLowering::position_ids() { return position_ids_; }
const std::string& OnnxLowering::attention_mask() { return attention_mask_; }

void OnnxLowering::declare_inputs() {
  const auto integers = [](const char* tokens) {
    return OnnxValueType::tensor(OnnxType::int64, {symbol("batch"), symbol(tokens)});
  };
  out_.inputs() = {{"input_ids", integers("sequence")},
                   {attention_mask_, integers("total_sequence")},
                   {position_ids_, integers("sequence")}};
  for (const graph::ValueId id : graph_.inputs) {
    if (graph_.value(id).type.kind == graph::ValueKind::tensor) names_[id] = "input_ids";
  }
}

void OnnxLowering::lower(const graph::Node& node) {
  if (done_.contains(&node)) return;
  node_ = &node;
  out_.enter(node.name);
  const auto table = onnx_lowerings();
  const auto entry = std::ranges::find(table, node.op->name, &OnnxLoweringEntry::op);
  if (entry == table.end()) refuse("");
  const auto run = uses_contrib() && entry->contrib ? entry->contrib : entry->standard;
  if (!run) refuse("");
  run(*this);
}

void OnnxLowering::run() {
  declare_inputs();
  for (const auto& node : graph_.nodes) lower(node);
  const auto& logits = graph_.value(graph_.outputs.front());
  const auto name = names_.at(graph_.outputs.front());
  out_.enter("");
  out_.add_node({.name = "logits",
                 .op = "Identity",
                 .domain = {},
                 .overload = {},
                 .inputs = {name},
                 .outputs = {"logits"},
                 .attributes = {}});
  const OnnxDim vocabulary = constant(logits.type.dims.back().constant());
  out_.outputs().insert(
      out_.outputs().begin(),
      {"logits", OnnxValueType::tensor(OnnxType::float32, {symbol("batch"), symbol("sequence"), vocabulary})});
}

}  // namespace adze::formats
