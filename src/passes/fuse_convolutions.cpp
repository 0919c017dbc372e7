#include "passes/fuse_convolutions.h"

#include <algorithm>
#include <limits>

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

constexpr size_t kAddend = 3;  // the input of FusedConv

class ConvolutionFuser {
 public:
  explicit ConvolutionFuser(const PassContext& context)
      : graph_(context.graph), constants_(context), uses_(context.graph), removed_(context.graph.nodes.size(), false) {}

  bool run() {
    for (NodeId i = 0; i < graph_.nodes.size(); ++i) {
      if (is_convolution(graph_.nodes[i]) && !graph_.nodes[i].attributes.contains("activation")) fuse(i);
    }
    if (std::ranges::find(removed_, true) == removed_.end()) return false;
    graph::remove_nodes(graph_, removed_);
    graph::remove_unused_values(graph_);
    return true;
  }

 private:
  static bool is_convolution(const Node& node) {
    return standard_name(node) == "Conv" || standard_name(node) == "FusedConv";
  }

  void fuse(NodeId convolution) {
    auto user = uses_.only_user(graph_.nodes[convolution].outputs[0]);
    if (user && take_sum(convolution, *user)) user = uses_.only_user(graph_.nodes[convolution].outputs[0]);
    if (user) take_activation(convolution, *user);
  }

  void take_over(NodeId convolution, NodeId behind) {
    Node& node = graph_.nodes[convolution];
    node.op = ops::find_standard_op("FusedConv");
    std::swap(node.outputs[0], graph_.nodes[behind].outputs[0]);
    removed_[behind] = true;
  }

  /// The other summand must be there before the convolution, and of the result's shape.
  bool take_sum(NodeId convolution, NodeId user) {
    Node& node = graph_.nodes[convolution];
    const Node& sum = graph_.nodes[user];
    if (standard_name(sum) != "Add" || input_of(node, kAddend) != kNoValue) return false;
    const ValueId other = sum.inputs[0] == node.outputs[0] ? sum.inputs[1] : sum.inputs[0];
    const auto producer = uses_.producer(other);
    const auto dims = constant_dims(graph_.value(other).type);
    const bool same_shape = dims && dims == constant_dims(graph_.value(node.outputs[0]).type);
    if (!same_shape || (producer && *producer > convolution)) return false;
    node.inputs.resize(kAddend + 1, kNoValue);
    node.inputs[kAddend] = other;
    take_over(convolution, user);
    return true;
  }

  void take_activation(NodeId convolution, NodeId user) {
    const auto name = standard_name(graph_.nodes[user]);
    const auto parameters = parameters_of(graph_.nodes[user]);
    if (!parameters) return;
    auto& attributes = graph_.nodes[convolution].attributes;
    attributes["activation"] = std::string(name);
    if (!parameters->empty()) attributes["activation_params"] = *parameters;
    take_over(convolution, user);
  }

  /// Of an activation that a convolution can take over; nothing for other nodes.
  std::optional<std::vector<double>> parameters_of(const Node& node) const {
    const auto name = standard_name(node);
    if (name == "Relu" || name == "Sigmoid" || name == "Tanh") return std::vector<double>();
    if (name == "LeakyRelu") return std::vector{number_attribute_or(node, "alpha", 0.01)};
    if (name == "HardSigmoid") {
      return std::vector{number_attribute_or(node, "alpha", 0.2), number_attribute_or(node, "beta", 0.5)};
    }
    if (name != "Clip") return std::nullopt;
    constexpr double kMost = std::numeric_limits<float>::max();
    const auto least = limit(node, 1, -kMost), most = limit(node, 2, kMost);
    if (!least || !most || *least > *most) return std::nullopt;
    return std::vector{*least, *most};
  }

  std::optional<double> limit(const Node& node, size_t input, double fallback) const {
    if (input_of(node, input) == kNoValue) return fallback;
    const auto tensor = constants_.find(node.inputs[input]);
    return tensor && tensor->count() == 1 ? std::optional(ops::read_number(*tensor)) : std::nullopt;
  }

  Graph& graph_;
  ConstantTensors constants_;
  ValueUses uses_;
  std::vector<bool> removed_;
};

}  // namespace

bool fuse_convolutions(const PassContext& context) { return ConvolutionFuser(context).run(); }

}  // namespace adze::passes
