#include "passes/fold_constants.h"

#include <algorithm>

#include "base/error.h"
#include "codecs/codec.h"
#include "graph/rewrite.h"
#include "ops/standard/standard_op.h"
#include "passes/constant_tensors.h"
#include "passes/value_uses.h"

namespace adze::passes {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

/// Results may take twice the room of the inputs, and this much in any case.
constexpr size_t kSmallBytes = size_t{64} << 10;

class ConstantFolder {
 public:
  explicit ConstantFolder(const PassContext& context) : graph_(context.graph), constants_(context) {}

  bool run() {
    const size_t value_count = graph_.values.size();
    std::vector<bool> removed(graph_.nodes.size(), false);
    replacements_.assign(value_count, kNoValue);
    for (NodeId i = 0; i < graph_.nodes.size(); ++i) removed[i] = may_fold(graph_.nodes[i]) && fold(graph_.nodes[i]);
    if (std::ranges::find(removed, true) == removed.end()) return false;
    replacements_.resize(graph_.values.size(), kNoValue);
    graph::replace_uses(graph_, replacements_);
    graph::remove_nodes(graph_, removed);
    return true;
  }

 private:
  bool may_fold(const Node& node) const {
    const auto name = standard_name(node);
    const bool gives_output = std::ranges::find_first_of(node.outputs, graph_.outputs) != node.outputs.end();
    return !name.empty() && name != "DequantizeLinear" && node.subgraphs.empty() && !gives_output;
  }

  ValueId resolved(ValueId id) const {
    return id < replacements_.size() && replacements_[id] != kNoValue ? replacements_[id] : id;
  }

  /// What the node sees of an input; none when it is not known before the graph runs.
  std::optional<ops::HostValue> known_input(const Node& node, ValueId id) const {
    if (id == kNoValue) return ops::HostValue();
    if (constants_.knows(resolved(id))) return ops::HostValue(constants_.at(resolved(id)));
    const auto& type = graph_.value(id).type;
    const auto dims = constant_dims(type);
    const bool only_shape = node.op->name == "Shape" || node.op->name == "Size";
    if (!only_shape || !dims || !type.storage) return std::nullopt;
    return ops::HostValue(HostTensor(type.storage, *dims, nullptr, nullptr));  // whose numbers nobody reads
  }

  bool fold(const Node& node) {
    ops::HostValues inputs;
    size_t input_bytes = 0;
    for (const ValueId id : node.inputs) {
      auto input = known_input(node, id);
      if (!input) return false;
      if (input->is_tensor()) input_bytes += input->tensor().bytes().size();
      inputs.push_back(std::move(*input));
    }
    const auto outputs = computed(node, inputs);
    size_t output_bytes = 0;
    for (const auto& output : outputs) {
      if (!output.is_tensor() || output.tensor().is_text() || output.tensor().rank() > 8) return false;
      output_bytes += output.tensor().bytes().size();
    }
    if (outputs.size() < node.outputs.size() || output_bytes > std::max(kSmallBytes, 2 * input_bytes)) return false;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const std::string name = graph_.value(node.outputs[i]).name + ".folded";
      replacements_[node.outputs[i]] = constants_.add(name, outputs[i].tensor());
    }
    return true;
  }

  /// Nothing when it fails.
  static ops::HostValues computed(const Node& node, const ops::HostValues& inputs) {
    const std::function<ops::HostValues(size_t, ops::HostValues)> no_body;
    try {
      return ops::evaluate(static_cast<const ops::StandardOp&>(*node.op), {node, inputs, no_body});
    } catch (const Error&) {
      return {};
    }
  }

  Graph& graph_;
  ConstantTensors constants_;
  std::vector<ValueId> replacements_;  // by the values before the pass
};

}  // namespace

bool fold_constants(const PassContext& context) { return ConstantFolder(context).run(); }

}  // namespace adze::passes
