// From the nodes of a Graph to those of ONNX: what the lowering of one node sees.
//
// Graphs compute with packed rows [T, F]; in ONNX they are [batch, sequence, F], and rows whose logits are wanted are
// all rows. Histories are inputs past_key_values.N.key / .value and outputs present.N.key / .value, [batch, heads,
// tokens, head_dim]; N counts the attention nodes.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "formats/onnx_lowering/graph_builder.h"
#include "formats/onnx_lowering/packed_weights.h"
#include "graph/graph.h"
#include "model/model.h"

namespace adze::formats {

/// Keys or values of one layer between calls.
struct OnnxState {
  int64_t heads;
  int64_t head_dim;
};

class OnnxLowering {
 public:
  OnnxLowering(const model::Model& model, const graph::Graph& graph, OnnxDialect dialect);

  /// Lowers all nodes. Error(unsupported) naming the node and its op for what has no lowering.
  void run();

  // ---- for lowerings
  OnnxGraphBuilder& out() { return out_; }
  const graph::Node& node() const { return *node_; }
  bool uses_contrib() const { return dialect_ == OnnxDialect::onnxruntime; }
  OnnxDialect dialect() const { return dialect_; }

  bool has_input(size_t index) const;
  /// The ONNX name of an input that a node computed, or of one of the graph's inputs.
  const std::string& input(size_t index) const;
  /// False for what has no value there.
  bool is_known(size_t index) const;
  /// REQUIRES: a weight.
  const model::Tensor& weight(size_t index) const;
  /// Columns of the rows of an input.
  int64_t features(size_t index) const;
  void set_result(std::string name) { names_[node_->outputs.front()] = std::move(name); }
  void set_second_result(std::string name) { names_[node_->outputs.at(1)] = std::move(name); }
  /// The result is an input, as it is.
  void pass_on(size_t index) { set_result(input(index)); }
  /// Error(unsupported) naming node, op and what of it cannot be lowered.
  [[noreturn]] void refuse(const std::string& what) const;

  /// The norm over the sum that this node computes, where there is one that can be computed along with it.
  const graph::Node* norm_of_sum() const;
  const model::Tensor& weight_of(const graph::Node& node, size_t index) const;
  /// Its result is there already.
  void set_result_of(const graph::Node& node, std::string name);

  /// Adds the inputs and outputs of one more layer's histories and returns its number.
  size_t add_layer(const OnnxState& keys, const OnnxState& values);

  // ---- names that many nodes use
  const std::string& position_ids();
  const std::string& attention_mask();
  /// Tables and what to look up in them: names of cosines, sines and int64 [batch, sequence].
  struct Rotary {
    std::string cosines, sines, positions;
  };
  const Rotary& rotary(graph::ValueId angles) const { return rotary_.at(angles); }
  void set_rotary(Rotary rotary) { rotary_[node_->outputs.front()] = std::move(rotary); }
  int64_t context() const { return context_; }
  const graph::Graph& graph() const { return graph_; }
  const model::Model& model() const { return model_; }
  const std::vector<OnnxState>& states() const { return states_; }

 private:
  void declare_inputs();
  void lower(const graph::Node& node);
  bool is_norm_of_whole_rows(const graph::Node& node) const;

  const model::Model& model_;
  const graph::Graph& graph_;
  const OnnxDialect dialect_;
  const int64_t context_;
  OnnxGraphBuilder out_;
  const graph::Node* node_ = nullptr;
  std::map<graph::ValueId, std::string> names_;
  std::map<graph::ValueId, Rotary> rotary_;
  std::set<const graph::Node*> done_;
  std::vector<OnnxState> states_;  // keys and values of each layer in turn
  std::string position_ids_ = "position_ids";
  std::string attention_mask_ = "attention_mask";
};

/// How one op is lowered. Where ONNX Runtime has an op of its own for it, `contrib` uses it.
struct OnnxLoweringEntry {
  std::string_view op;
  void (*standard)(OnnxLowering&);
  void (*contrib)(OnnxLowering&) = nullptr;  // null: as the standard does
};

/// The table of lowerings, by op.
std::span<const OnnxLoweringEntry> onnx_lowerings();

}  // namespace adze::formats
