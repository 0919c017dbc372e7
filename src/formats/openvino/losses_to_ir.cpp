// lint: foreign names: OpenVINO, ONNX
// How far predictions are from what is right.
#include "codecs/codec.h"
#include "formats/openvino/standard_to_ir.h"

namespace adze::formats {
namespace {

IrValue select(GraphToIr& g, IrValue condition, IrValue yes, IrValue no, IrType type) {
  return g.out().add("Select", "opset1", {condition, yes, no}, {{"auto_broadcast", "numpy"}}, type);
}

IrValue sum_of_all(GraphToIr& g, IrValue x) { return g.reduce("ReduceSum", x, g.all_axes(x), false, g.output_type()); }

/// -log p of each target; what is ignored counts for nothing. Weights are of classes.
class Likelihood {
 public:
  Likelihood(GraphToIr& g, IrValue logs) : g_(g), logs_(logs), type_(g.output_type()) {
    targets_ = g.convert(g.input(1), &codecs::i64.info);
    if (!g.node().attributes.contains("ignore_index")) return;
    ignored_ = g.both("Equal", targets_, g.out().whole(g.integer("ignore_index", 0)), "boolean");
    targets_ = select(g, *ignored_, g.out().whole(0), targets_, "i64");
  }

  IrValue loss() {
    const IrValue places = g_.unsqueeze(targets_, 1, "i64");
    const IrValue found = g_.out().add("GatherElements", "opset6", {logs_, places}, {{"axis", "1"}}, type_);
    const IrValue losses = g_.out().add("Negative", "opset1", {g_.squeeze(found, 1, type_)}, {}, type_);
    const auto counts = weights();
    return reduced(counts ? g_.both("Multiply", losses, *counts, type_) : losses, counts);
  }

 private:
  std::optional<IrValue> weights() {
    const StorageType storage = g_.storage(0);
    if (!g_.has(2) && !ignored_) return std::nullopt;
    const IrValue each = g_.has(2) ? g_.gather(g_.input(2), targets_, 0) : g_.scalar(1, storage);
    return ignored_ ? select(g_, *ignored_, g_.scalar(0, storage), each, type_) : each;
  }

  IrValue reduced(IrValue losses, std::optional<IrValue> counts) {
    const std::string reduction = g_.word("reduction", "mean");
    if (reduction == "none") return losses;
    if (reduction == "sum") return sum_of_all(g_, losses);
    if (!counts) return g_.reduce("ReduceMean", losses, g_.all_axes(losses), false, type_);
    return g_.both("Divide", sum_of_all(g_, losses), sum_of_all(g_, *counts), type_);
  }

  GraphToIr& g_;
  IrValue logs_, targets_;
  IrType type_;
  std::optional<IrValue> ignored_;
};

}  // namespace

void ir_put_negative_log_likelihood(GraphToIr& g, Row) { g.give(Likelihood(g, g.input(0)).loss()); }

void ir_put_softmax_cross_entropy(GraphToIr& g, Row row) {
  const IrValue logs = g.out().add(row.layer, row.opset, {g.input(0)}, {{"axis", "1"}}, g.output_type());
  g.give(0, Likelihood(g, logs).loss());
  g.give(1, logs);
}

}  // namespace adze::formats
