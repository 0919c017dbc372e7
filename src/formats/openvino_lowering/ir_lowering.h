// From the nodes of a Graph to layers of OpenVINO's IR: what the lowering of one node sees.
//
// Graphs compute with packed rows [T, F]; in the IR they are [batch, sequence, F]. Histories are variables
// [batch, heads, tokens, head_dim] that the model keeps itself, with sequences in the order that beam_idx says.
#pragma once

#include <map>
#include <span>
#include <string>

#include "formats/openvino_ir/ir_builder.h"
#include "graph/graph.h"
#include "model/model.h"

namespace adze::formats {

class IrLowering {
 public:
  IrLowering(const model::Model& model, const graph::Graph& graph);

  /// Lowers all nodes. Error(unsupported) naming the node and its op for what has no lowering.
  void run();

  // ---- for lowerings
  IrBuilder& out() { return out_; }
  const graph::Node& node() const { return *node_; }
  const graph::Graph& graph() const { return graph_; }
  const model::Model& model() const { return model_; }
  int64_t context() const { return context_; }

  bool has_input(size_t index) const;
  IrValue input(size_t index) const;
  /// False for what has no value there.
  bool is_known(size_t index) const { return values_.contains(node_->inputs.at(index)); }
  const model::Tensor& weight(size_t index) const;
  int64_t features(size_t index) const;
  void set_result(IrValue value) { values_[node_->outputs.front()] = value; }
  void set_second_result(IrValue value) { values_[node_->outputs.at(1)] = value; }
  void pass_on(size_t index) { set_result(input(index)); }
  /// Error(unsupported) naming node, op and what of it cannot be lowered.
  [[noreturn]] void refuse(const std::string& what) const;

  IrValue attention_mask() const { return attention_mask_; }
  IrValue position_ids() const { return position_ids_; }
  IrValue beam_order() const { return beam_order_; }
  /// The number of attention nodes before this one.
  size_t next_layer() { return layers_++; }

  /// Cosines and sines [batch, 1, sequence, pairs].
  struct Rotary {
    IrValue cosines, sines;
  };
  const Rotary& rotary(graph::ValueId angles) const { return rotary_.at(angles); }
  void set_rotary(const Rotary& rotary) { rotary_[node_->outputs.front()] = rotary; }

  // ---- short ways to write common layers
  IrValue add(IrValue a, IrValue b) { return both("Add", a, b); }
  IrValue subtract(IrValue a, IrValue b) { return both("Subtract", a, b); }
  IrValue multiply(IrValue a, IrValue b) { return both("Multiply", a, b); }
  IrValue divide(IrValue a, IrValue b);
  IrValue reshape(IrValue x, const std::vector<int64_t>& dims);  // 0 keeps a dimension
  IrValue transpose(IrValue x, const std::vector<int64_t>& order);
  IrValue concat(const std::vector<IrValue>& parts, int64_t axis, IrType type = "f32");
  IrValue gather(IrValue table, IrValue indices, int64_t axis, IrType type = "f32");
  IrValue unsqueeze(IrValue x, const std::vector<int64_t>& axes, IrType type = "f32");
  IrValue convert(IrValue x, IrType type);
  /// Columns [begin, end) of one axis.
  IrValue slice(IrValue x, int64_t axis, int64_t begin, int64_t end);
  IrValue product_with_transposed(IrValue a, IrValue b);
  IrValue dimension(IrValue x, int64_t axis);  // i64 [1]

 private:
  IrValue both(std::string_view layer_type, IrValue a, IrValue b);
  void declare_inputs();
  void lower(const graph::Node& node);

  const model::Model& model_;
  const graph::Graph& graph_;
  const int64_t context_;
  IrBuilder out_;
  const graph::Node* node_ = nullptr;
  std::map<graph::ValueId, IrValue> values_;
  std::map<graph::ValueId, Rotary> rotary_;
  IrValue attention_mask_, position_ids_, beam_order_;
  size_t layers_ = 0;
};

/// The storage types of weights: u4 and u8 in groups of 16, 32, 64 or 128, with a float32 scale, and perhaps a zero
/// point or an offset; fewest bits first.
std::span<const StorageType> ir_packed_types();

struct IrLoweringEntry {
  std::string_view op;
  void (*lower)(IrLowering&);
};

/// The table of lowerings, by op.
std::span<const IrLoweringEntry> ir_lowerings();

}  // namespace adze::formats
