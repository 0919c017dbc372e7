#include "passes/use_channels_last.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "codecs/codec.h"
#include "ops/standard/standard_op.h"
#include "passes/constant_tensors.h"
#include "passes/elementwise_ops.h"
#include "passes/new_names.h"
#include "passes/value_uses.h"

namespace adze::passes {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::ValueId;

/// Kernels compute outputs of bytes, and channels of their own, sixteen at a time; with fewer than half of them there
/// is nothing to win. Fewer outputs of floats are sums across numbers of a pixel, or of as many beside each other.
constexpr int64_t kLeastOutputs = 8, kLeastDepth = 16;

/// How a node is called with channels last.
struct LastForm {
  std::string_view op;
  std::vector<size_t> inputs;  // that have channels
  bool by_attribute = false;   // channels_last
};

class ChannelMover {
 public:
  explicit ChannelMover(const PassContext& context)
      : graph_(context.graph), constants_(context), names_(context.graph) {}

  bool run() {
    std::vector<Node> nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    bool changed = false;
    for (Node& node : nodes) {
      const auto form = form_of(node);
      if (form) {
        wrap(std::move(node), *form);
        changed = true;
        continue;
      }
      if (stays_last(node)) lasting_.insert(node.outputs[0]);
      graph_.nodes.push_back(std::move(node));
    }
    return changed;
  }

 private:
  bool is_last(ValueId id) const { return lasting_.contains(id); }

  /// Computed from values whose channels come last, so that a transpose will move behind it.
  bool stays_last(const Node& node) const {
    const auto inputs = inputs_with_axes(node);
    return inputs && std::ranges::any_of(*inputs, [&](size_t input) { return is_last(node.inputs[input]); });
  }

  std::optional<LastForm> form_of(const Node& node) const {
    const auto name = standard_name(node);
    if (name.empty() || node.inputs.empty() || node.outputs.size() != 1) return std::nullopt;
    if (const size_t rank = rank_of(node); rank != 3 && rank != 4) return std::nullopt;
    if ((name == "Conv" || name == "FusedConv") && gains(node, 1)) return LastForm{"NhwcFusedConv", {0, 3}};
    if (name == "QLinearConv" && is_new(node) && gains_quantized(node)) return LastForm{"QLinearConv", {0}, true};
    if (!is_last(node.inputs[0])) return std::nullopt;
    if (name == "MaxPool" && int_attribute_or(node, "storage_order", 0) == 0) return LastForm{"NhwcMaxPool", {0}};
    const bool pools = name == "QLinearGlobalAveragePool" || name == "GlobalAveragePool";
    return pools && is_new(node) ? std::optional(LastForm{name, {0}, true}) : std::nullopt;
  }

  static bool is_new(const Node& node) { return int_attribute_or(node, "channels_last", 0) == 0; }

  /// Of the input: 3 or 4 with one or two axes, 0 where it is not known. Convolutions have that of their weights.
  size_t rank_of(const Node& node) const {
    const auto rank = [&](size_t input) {
      const ValueId id = input_of(node, input);
      const auto* type = id == kNoValue ? nullptr : &graph_.value(id).type;
      return type && type->rank_known ? type->dims.size() : 0;
    };
    if (rank(0) != 0) return rank(0);
    const auto name = standard_name(node);
    if (name == "Conv" || name == "FusedConv") return rank(1);
    return name == "QLinearConv" ? rank(3) : 0;
  }

  /// The same in every run, so that it is packed once.
  bool is_fixed(ValueId id) const {
    return id != kNoValue && (graph_.value(id).origin == graph::ValueOrigin::weight || constants_.knows(id));
  }

  bool gains(const Node& node, size_t weights) const {
    const ValueId id = input_of(node, weights);
    const auto dims = is_fixed(id) ? constant_dims(graph_.value(id).type) : std::nullopt;
    const bool is_float = graph_.value(node.inputs[0]).type.storage == &codecs::f32.info;
    if (!dims || dims->size() < 3 || (weights == 1 && !is_float)) return false;
    const int64_t groups = int_attribute_or(node, "group", 1);
    if (groups < 1 || (*dims)[0] % groups != 0) return false;
    const int64_t outputs = (*dims)[0] / groups;
    if (outputs == 1 && (*dims)[1] == 1) return groups >= kLeastOutputs;
    const bool across = weights == 1 && (*dims)[1] * dims->back() >= kLeastDepth;
    return outputs >= kLeastOutputs || across;
  }

  /// Signed weights without a zero point are what the kernels take.
  bool gains_quantized(const Node& node) const {
    const auto zeros = constants_.find(input_of(node, 5));
    if (!zeros || !gains(node, 3)) return false;
    const auto middle = zeros->type() == &codecs::i8.info ? std::byte{0} : std::byte{128};
    return zeros->element_bytes() == 1 && std::ranges::all_of(zeros->bytes(), [&](std::byte b) { return b == middle; });
  }

  /// transpose, node with channels last, transpose
  void wrap(Node node, const LastForm& form) {
    const size_t rank = rank_of(node);
    node.op = ops::find_standard_op(form.op);
    if (form.by_attribute) node.attributes["channels_last"] = int64_t{1};
    std::vector<int64_t> to_last(rank), to_first(rank);
    std::iota(to_last.begin(), to_last.end(), 0);
    to_first = to_last;
    std::rotate(to_last.begin() + 1, to_last.begin() + 2, to_last.end());
    std::rotate(to_first.begin() + 1, to_first.end() - 1, to_first.end());
    for (const size_t input : form.inputs) {
      const ValueId before = input_of(node, input);
      if (before == kNoValue) continue;
      node.inputs[input] = add_node("Transpose", node.name + ".last", {before}, {{"perm", to_last}});
    }
    const ValueId result = node.outputs[0];
    const ValueId last =
        graph_.add_value({names_.like(node.name + ".result"), inferred(node), graph::ValueOrigin::node, {}, kNoValue});
    Node turning{ops::find_standard_op("Transpose"), names_.like(node.name + ".first"), {last}, {result}, {}, {}, {}};
    turning.attributes["perm"] = to_first;
    node.outputs[0] = last;
    lasting_.insert(result);
    graph_.nodes.push_back(std::move(node));
    graph_.nodes.push_back(std::move(turning));
  }

  ValueId add_node(std::string_view op, const std::string& name, std::vector<ValueId> inputs,
                   graph::Attributes attributes) {
    return graph_.add_node(*ops::find_standard_op(op), names_.like(name), std::move(inputs), std::move(attributes))[0];
  }

  graph::ValueType inferred(const Node& node) const {
    graph::NodeTypes types{node, {}};
    for (const ValueId id : node.inputs) types.inputs.push_back(id == kNoValue ? nullptr : &graph_.value(id).type);
    return node.op->infer(types).at(0);
  }

  Graph& graph_;
  ConstantTensors constants_;
  NewNames names_;
  std::set<ValueId> lasting_;
};

}  // namespace

bool use_channels_last(const PassContext& context) { return ChannelMover(context).run(); }

}  // namespace adze::passes
