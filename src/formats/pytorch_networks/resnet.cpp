// lint: foreign names: PyTorch, ONNX
#include "formats/pytorch_networks/resnet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::formats {
namespace {

using graph::ValueId;
using Ints = std::vector<int64_t>;

constexpr std::array<std::string_view, 2> kShortcuts = {"downsample", "shortcut"}, kHeads = {"fc", "linear"};
constexpr std::array<std::string_view, 4> kOfNorm = {"weight", "bias", "running_mean", "running_var"};
constexpr int64_t kMostStages = 16, kMostBlocks = 1000;

/// What the names of the weights say.
struct ResNetPlan {
  std::vector<int64_t> blocks;  // of each stage
  int64_t convolutions = 2;     // of a block
  std::string head;
};

std::string block_name(size_t stage, int64_t block) { return fmt::format("layer{}.{}", stage + 1, block); }

/// The shortcut's weights of a block; none where it has no weights.
std::optional<std::string> shortcut_of(const model::TensorList& weights, const std::string& block) {
  for (const auto word : kShortcuts) {
    const std::string name = fmt::format("{}.{}", block, word);
    if (weights.contains(name + ".0.weight")) return name;
  }
  return std::nullopt;
}

ResNetPlan plan_of(const model::TensorList& weights) {
  ResNetPlan plan;
  const auto has_block = [&](size_t stage, int64_t block) {
    return weights.contains(block_name(stage, block) + ".conv1.weight");
  };
  for (size_t stage = 0; stage < kMostStages && has_block(stage, 0); ++stage) {
    int64_t blocks = 1;
    while (blocks < kMostBlocks && has_block(stage, blocks)) ++blocks;
    plan.blocks.push_back(blocks);
  }
  if (weights.contains("layer1.0.conv3.weight")) plan.convolutions = 3;
  for (const auto head : kHeads) {
    if (weights.contains(fmt::format("{}.weight", head))) plan.head = head;
  }
  return plan;
}

/// Every weight of such a network.
std::vector<std::string> names_of(const model::TensorList& weights, const ResNetPlan& plan) {
  std::vector<std::string> names;
  const auto add_step = [&](const std::string& convolution, const std::string& norm) {
    names.push_back(convolution + ".weight");
    for (const auto part : kOfNorm) names.push_back(fmt::format("{}.{}", norm, part));
  };
  add_step("conv1", "bn1");
  for (size_t stage = 0; stage < plan.blocks.size(); ++stage) {
    for (int64_t block = 0; block < plan.blocks[stage]; ++block) {
      const std::string name = block_name(stage, block);
      for (int64_t i = 1; i <= plan.convolutions; ++i) {
        add_step(fmt::format("{}.conv{}", name, i), fmt::format("{}.bn{}", name, i));
      }
      if (const auto shortcut = shortcut_of(weights, name)) add_step(*shortcut + ".0", *shortcut + ".1");
    }
  }
  names.push_back(plan.head + ".weight");
  names.push_back(plan.head + ".bias");
  return names;
}

class ResNetBuilder {
 public:
  ResNetBuilder(const model::TensorList& weights, StandardNodes& nodes)
      : weights_(weights), nodes_(nodes), plan_(plan_of(weights)) {}

  void build() {
    Image x = stem();
    for (size_t stage = 0; stage < plan_.blocks.size(); ++stage) {
      for (int64_t block = 0; block < plan_.blocks[stage]; ++block) {
        x = residual(x, block_name(stage, block), stage > 0 && block == 0 ? 2 : 1);
      }
    }
    nodes_.rename(head(x), "logits");
  }

 private:
  struct Image {
    ValueId value;
    int64_t channels;
  };

  const model::Tensor& weight(const std::string& name, size_t rank) const {
    const model::Tensor& tensor = weights_.at(name);
    if (tensor.shape.rank() != rank) {
      fail(ErrorCode::bad_input, "'{}' {} has not {} dimensions", name, tensor.shape.to_string(), rank);
    }
    return tensor;
  }

  [[noreturn]] static void fail_fit(const model::Tensor& tensor, int64_t channels) {
    fail(ErrorCode::bad_input, "'{}' {} does not fit {} channels", tensor.name, tensor.shape.to_string(), channels);
  }

  /// With a border that keeps the size where it steps by 1.
  Image convolution(Image x, const std::string& name, int64_t step) {
    const model::Tensor& w = weight(name + ".weight", 4);
    const int64_t out = w.shape[0], in = w.shape[1], kernel = w.shape[2];
    if (kernel < 1 || kernel != w.shape[3] || kernel % 2 == 0) {
      fail(ErrorCode::bad_input, "'{}' {} has no square kernel of odd size", w.name, w.shape.to_string());
    }
    if (in < 1 || x.channels % in != 0 || out % (x.channels / in) != 0) fail_fit(w, x.channels);
    nodes_.enter(name);
    return {nodes_.add("Conv", {x.value, nodes_.stored(w)},
                       {{"kernel_shape", Ints{kernel, kernel}},
                        {"pads", Ints(4, kernel / 2)},
                        {"strides", Ints{step, step}},
                        {"group", x.channels / in}}),
            out};
  }

  Image normalized(Image x, const std::string& name) {
    StandardNodes::Values inputs{x.value};
    nodes_.enter(name);
    for (const auto part : kOfNorm) {
      const model::Tensor& tensor = weight(fmt::format("{}.{}", name, part), 1);
      if (tensor.shape[0] != x.channels) fail_fit(tensor, x.channels);
      inputs.push_back(nodes_.stored(tensor));
    }
    return {nodes_.add("BatchNormalization", inputs, {{"epsilon", 1e-5}}), x.channels};
  }

  Image relu(Image x) { return {nodes_.add("Relu", {x.value}), x.channels}; }

  Image stem() {
    const model::Tensor& w = weight("conv1.weight", 4);
    const int64_t channels = w.shape[1];
    graph::Graph& graph = nodes_.graph();
    const auto open = [&](const char* name) {
      return graph::Dim::symbol(graph.add_symbol(name, 1, std::numeric_limits<int32_t>::max()));
    };
    batch_ = open("batch");
    const auto height = open("height"), width = open("width");
    const ValueId image =
        nodes_.input("image", graph::ValueType::tensor(&codecs::f32.info, {batch_, channels, height, width}));
    const bool is_large = w.shape[2] == 7;
    const Image x = relu(normalized(convolution({image, channels}, "conv1", is_large ? 2 : 1), "bn1"));
    if (!is_large) return x;
    return {
        nodes_.add("MaxPool", {x.value}, {{"kernel_shape", Ints{3, 3}}, {"pads", Ints(4, 1)}, {"strides", Ints{2, 2}}}),
        x.channels};
  }

  Image residual(Image x, const std::string& name, int64_t step) {
    const int64_t stepping = plan_.convolutions == 3 ? 2 : 1;
    Image y = x;
    for (int64_t i = 1; i <= plan_.convolutions; ++i) {
      y = convolution(y, fmt::format("{}.conv{}", name, i), i == stepping ? step : 1);
      y = normalized(y, fmt::format("{}.bn{}", name, i));
      if (i < plan_.convolutions) y = relu(y);
    }
    const Image kept = shortcut(x, name, step, y.channels);
    nodes_.enter(name);
    return relu({nodes_.add("Add", {y.value, kept.value}), y.channels});
  }

  Image shortcut(Image x, const std::string& block, int64_t step, int64_t channels) {
    if (const auto name = shortcut_of(weights_, block)) {
      const Image made = normalized(convolution(x, *name + ".0", step), *name + ".1");
      if (made.channels != channels) fail_fit(weights_.at(*name + ".0.weight"), channels);
      return made;
    }
    if (channels < x.channels) fail_fit(weights_.at(block + ".conv1.weight"), channels);
    nodes_.enter(block + ".shortcut");
    constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
    if (step > 1) x.value = nodes_.slice(nodes_.slice(x.value, 2, 0, kEnd, step), 3, 0, kEnd, step);
    const int64_t added = channels - x.channels, before = added / 2;
    if (added == 0) return x;
    const ValueId pads = nodes_.ints({0, before, 0, 0, 0, added - before, 0, 0});
    return {nodes_.add("Pad", {x.value, pads, nodes_.number(0, &codecs::f32.info)}), channels};
  }

  ValueId head(Image x) {
    const model::Tensor &w = weight(plan_.head + ".weight", 2), &bias = weight(plan_.head + ".bias", 1);
    if (w.shape[1] != x.channels) fail_fit(w, x.channels);
    if (bias.shape[0] != w.shape[0]) fail_fit(bias, w.shape[0]);
    nodes_.enter(plan_.head);
    const ValueId means = nodes_.add("Flatten", {nodes_.add("GlobalAveragePool", {x.value})}, {{"axis", int64_t{1}}});
    const ValueId logits = nodes_.add("Gemm", {means, nodes_.stored(w), nodes_.stored(bias)}, {{"transB", int64_t{1}}});
    nodes_.refine(logits, graph::ValueType::tensor(&codecs::f32.info, {batch_, w.shape[0]}));
    nodes_.graph().outputs.push_back(logits);
    return logits;
  }

  const model::TensorList& weights_;
  StandardNodes& nodes_;
  ResNetPlan plan_;
  graph::Dim batch_ = graph::Dim::unknown();
};

}  // namespace

bool is_resnet(const model::TensorList& weights) {
  const ResNetPlan plan = plan_of(weights);
  if (plan.blocks.empty() || plan.head.empty()) return false;
  const auto names = names_of(weights, plan);
  return names.size() == weights.size() &&
         std::ranges::all_of(names, [&](const std::string& name) { return weights.contains(name); }) &&
         std::ranges::all_of(weights, [](const model::Tensor& t) { return t.storage == &codecs::f32.info; });
}

void build_resnet(const model::TensorList& weights, StandardNodes& nodes) { ResNetBuilder(weights, nodes).build(); }

}  // namespace adze::formats
