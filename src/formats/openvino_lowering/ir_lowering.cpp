#include "formats/openvino_lowering/ir_lowering.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace adze::formats {

IrLowering::IrLowering(const model::Model& model, const graph::Graph& graph)
    : model_(model), graph_(graph), context_(model.config.require_int("context_length")) {}

void IrLowering::refuse(const std::string& what) const {
  fail(ErrorCode::unsupported, "node '{}': op {} has no form in OpenVINO's IR{}{}", node_->name, node_->op->name,
       what.empty() ? "" : ": ", what);
}

bool IrLowering::has_input(size_t index) const {
  return index < node_->inputs.size() && node_->inputs[index] != graph::kNoValue;
}

IrValue IrLowering::input(size_t index) const {
  const auto found = values_.find(node_->inputs.at(index));
  if (found == values_.end()) refuse(fmt::format("its input {} is no tensor there", index));
  return found->second;
}

const model::Tensor& IrLowering::weight(size_t index) const {
  return model_.tensors.at(graph_.value(node_->inputs.at(index)).name);
}

int64_t IrLowering::features(size_t index) const {
  return graph_.value(node_->inputs.at(index)).type.dims.back().constant();
}

IrValue IrLowering::both(std::string_view layer_type, IrValue a, IrValue b) {
  return out_.add(layer_type, "opset1", {a, b}, {{"auto_broadcast", "numpy"}});
}

IrValue IrLowering::divide(IrValue a, IrValue b) {
  return out_.add("Divide", "opset1", {a, b}, {{"auto_broadcast", "numpy"}, {"m_pythondiv", "true"}});
}

IrValue IrLowering::reshape(IrValue x, const std::vector<int64_t>& dims) {
  return out_.add("Reshape", "opset1", {x, out_.ints(dims)}, {{"special_zero", "true"}});
}

IrValue IrLowering::transpose(IrValue x, const std::vector<int64_t>& order) {
  return out_.add("Transpose", "opset1", {x, out_.ints(order)});
}

IrValue IrLowering::concat(const std::vector<IrValue>& parts, int64_t axis, IrType type) {
  return out_.add("Concat", "opset1", parts, {{"axis", std::to_string(axis)}}, type);
}

IrValue IrLowering::gather(IrValue table, IrValue indices, int64_t axis, IrType type) {
  return out_.add("Gather", "opset8", {table, indices, out_.whole(axis)}, {{"batch_dims", "0"}}, type);
}

IrValue IrLowering::unsqueeze(IrValue x, const std::vector<int64_t>& axes, IrType type) {
  return out_.add("Unsqueeze", "opset1", {x, out_.ints(axes)}, {}, type);
}

IrValue IrLowering::convert(IrValue x, IrType type) {
  return out_.add("Convert", "opset1", {x}, {{"destination_type", std::string(type)}}, type);
}

IrValue IrLowering::slice(IrValue x, int64_t axis, int64_t begin, int64_t end) {
  return out_.add("Slice", "opset8", {x, out_.ints({begin}), out_.ints({end}), out_.ints({1}), out_.ints({axis})});
}

IrValue IrLowering::product_with_transposed(IrValue a, IrValue b) {
  return out_.add("MatMul", "opset1", {a, b}, {{"transpose_a", "false"}, {"transpose_b", "true"}});
}

IrValue IrLowering::dimension(IrValue x, int64_t axis) {
  const IrValue shape = out_.add("ShapeOf", "opset3", {x}, {{"output_type", "i64"}}, "i64");
  return gather(shape, out_.ints({axis}), 0, "i64");
}

void IrLowering::declare_inputs() {
  const IrValue ids = out_.parameter("input_ids", "?,?", "i64");
  attention_mask_ = out_.parameter("attention_mask", "?,?", "i64");
  position_ids_ = out_.parameter("position_ids", "?,?", "i64");
  beam_order_ = out_.parameter("beam_idx", "?", "i32");
  for (const graph::ValueId id : graph_.inputs) {
    if (graph_.value(id).type.kind == graph::ValueKind::tensor) values_[id] = ids;
  }
}

void IrLowering::lower(const graph::Node& node) {
  node_ = &node;
  out_.enter(node.name);
  const auto table = ir_lowerings();
  const auto entry = std::ranges::find(table, node.op->name, &IrLoweringEntry::op);
  if (entry == table.end()) refuse("");
  entry->lower(*this);
}

void IrLowering::run() {
  declare_inputs();
  for (const auto& node : graph_.nodes) lower(node);
  out_.enter("");
  out_.result(values_.at(graph_.outputs.front()), "logits");
}

}  // namespace adze::formats
