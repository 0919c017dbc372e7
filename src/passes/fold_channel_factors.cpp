#include "passes/fold_channel_factors.h"

#include <algorithm>
#include <cmath>

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

/// y = x * factor + term for each channel.
struct ChannelFactors {
  std::vector<double> factors, terms;
};

class ChannelFolder {
 public:
  explicit ChannelFolder(const PassContext& context) : graph_(context.graph), constants_(context) {}

  bool run() {
    std::vector<bool> removed(graph_.nodes.size(), false);
    const ValueUses uses(graph_);
    for (NodeId i = 0; i < graph_.nodes.size(); ++i) {
      if (standard_name(graph_.nodes[i]) == "Conv") fold_users(i, uses, removed);
    }
    if (std::ranges::find(removed, true) == removed.end()) return false;
    graph::remove_nodes(graph_, removed);
    graph::remove_unused_values(graph_);
    return true;
  }

 private:
  /// Whatever stands behind the convolution, one after the other.
  void fold_users(NodeId convolution, const ValueUses& uses, std::vector<bool>& removed) {
    while (const auto user = uses.only_user(graph_.nodes[convolution].outputs[0])) {
      Node &node = graph_.nodes[convolution], &behind = graph_.nodes[*user];
      const auto factors = factors_of(behind, node.outputs[0], node);
      if (!factors) return;
      apply(node, *factors);
      std::swap(node.outputs[0], behind.outputs[0]);
      removed[*user] = true;
    }
  }

  std::optional<ChannelFactors> factors_of(const Node& user, ValueId x, const Node& convolution) const {
    const auto weights = constants_.find(input_of(convolution, 1));
    if (!weights || weights->type() != &codecs::f32.info || weights->rank() < 3 || weights->count() == 0) {
      return std::nullopt;
    }
    const auto channels = static_cast<size_t>(weights->dim(0));
    const ValueId bias = input_of(convolution, 2);
    if (bias != kNoValue && !is_of_channels(constants_.find(bias), channels)) return std::nullopt;
    const auto name = standard_name(user);
    if (name == "BatchNormalization" && input_of(user, 0) == x) return of_normalization(user, channels);
    if (name != "Mul" && name != "Add") return std::nullopt;
    const ValueId other = user.inputs[0] == x ? user.inputs[1] : user.inputs[0];
    auto numbers = other == x ? std::nullopt : channel_numbers(other, channels, weights->rank());
    if (!numbers) return std::nullopt;
    return name == "Mul" ? ChannelFactors{std::move(*numbers), std::vector<double>(channels, 0)}
                         : ChannelFactors{std::vector<double>(channels, 1), std::move(*numbers)};
  }

  static bool is_of_channels(const std::optional<HostTensor>& numbers, size_t channels) {
    return numbers && numbers->type() == &codecs::f32.info && numbers->count() == static_cast<int64_t>(channels);
  }

  std::optional<ChannelFactors> of_normalization(const Node& node, size_t channels) const {
    std::array<std::vector<double>, 4> numbers;  // scale, bias, mean, variance
    for (size_t i = 0; i < numbers.size(); ++i) {
      const auto tensor = constants_.find(input_of(node, i + 1));
      if (!is_of_channels(tensor, channels)) return std::nullopt;
      const auto floats = tensor->numbers<float>();
      numbers[i].assign(floats.begin(), floats.end());
    }
    if (node.outputs.size() != 1 || int_attribute_or(node, "training_mode", 0) != 0) return std::nullopt;
    const double epsilon = number_attribute_or(node, "epsilon", 1e-5);
    ChannelFactors result;
    for (size_t c = 0; c < channels; ++c) {
      const double factor = numbers[0][c] / std::sqrt(numbers[3][c] + epsilon);
      result.factors.push_back(factor);
      result.terms.push_back(numbers[1][c] - numbers[2][c] * factor);
    }
    return result;
  }

  /// A number for each channel of a tensor of the rank: [channels, 1, 1], [1, channels, 1, 1] or one for all.
  std::optional<std::vector<double>> channel_numbers(ValueId id, size_t channels, size_t rank) const {
    const auto tensor = constants_.find(id);
    if (!tensor || tensor->type() != &codecs::f32.info || tensor->rank() > rank) return std::nullopt;
    std::vector<int64_t> dims(rank - tensor->rank(), 1);
    dims.insert(dims.end(), tensor->dims().begin(), tensor->dims().end());
    const auto floats = tensor->numbers<float>();
    if (tensor->count() == 1) return std::vector<double>(channels, floats[0]);
    if (dims[1] != static_cast<int64_t>(channels) || tensor->count() != dims[1]) return std::nullopt;
    return std::vector<double>(floats.begin(), floats.end());
  }

  void apply(Node& convolution, const ChannelFactors& by) {
    const HostTensor weights = constants_.at(convolution.inputs[1]);
    const auto bias = constants_.find(input_of(convolution, 2));
    HostTensor scaled(weights.type(), weights.dims());
    HostTensor shifted(weights.type(), {weights.dim(0)});
    const size_t channels = by.factors.size(), each = weights.numbers<float>().size() / channels;
    for (size_t c = 0; c < channels; ++c) {
      for (size_t i = c * each; i < (c + 1) * each; ++i) {
        scaled.fill<float>()[i] = static_cast<float>(by.factors[c] * static_cast<double>(weights.numbers<float>()[i]));
      }
      const double before = bias ? static_cast<double>(bias->numbers<float>()[c]) : 0.0;
      shifted.fill<float>()[c] = static_cast<float>(before * by.factors[c] + by.terms[c]);
    }
    const bool scales = std::ranges::any_of(by.factors, [](double factor) { return factor != 1; });
    convolution.inputs.resize(3, kNoValue);
    if (scales) convolution.inputs[1] = constants_.add(convolution.name + ".weight", scaled);
    convolution.inputs[2] = constants_.add(convolution.name + ".bias", shifted);
  }

  Graph& graph_;
  ConstantTensors constants_;
};

}  // namespace

bool fold_channel_factors(const PassContext& context) { return ChannelFolder(context).run(); }

}  // namespace adze::passes
