// lint: foreign names: ONNX
#include "formats/onnx/older_operators.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace adze::formats {
namespace {

/// A node being changed.
class NodeEditor {
 public:
  NodeEditor(OnnxNode& node, std::vector<OnnxTensor>& constants) : node_(node), constants_(constants) {}

  OnnxNode& node() { return node_; }

  /// Removes an attribute and returns it.
  std::optional<OnnxAttributeValue> take(std::string_view name) {
    const auto found = std::ranges::find(node_.attributes, name, &OnnxAttribute::name);
    if (found == node_.attributes.end()) return std::nullopt;
    auto value = std::move(found->value);
    node_.attributes.erase(found);
    return value;
  }
  template <typename T>
  std::optional<T> take_as(std::string_view name) {
    auto value = take(name);
    if (!value) return std::nullopt;
    if (auto* expected = std::get_if<T>(&*value)) return std::move(*expected);
    fail(ErrorCode::bad_input, "attribute '{}' is of the wrong type", name);
  }

  bool has(std::string_view name) const {
    return std::ranges::find(node_.attributes, name, &OnnxAttribute::name) != node_.attributes.end();
  }
  void set(std::string_view name, OnnxAttributeValue value) {
    take(name);
    node_.attributes.push_back({std::string(name), std::move(value), {}});
  }
  void set_default(std::string_view name, OnnxAttributeValue value) {
    if (!has(name)) set(name, std::move(value));
  }

  void set_input(size_t position, std::string name) {
    if (node_.inputs.size() <= position) node_.inputs.resize(position + 1);
    node_.inputs[position] = std::move(name);
  }
  template <typename T>
  void set_input(size_t position, OnnxType type, std::vector<int64_t> dims, const std::vector<T>& numbers) {
    std::vector<std::byte> bytes(numbers.size() * sizeof(T));
    if (!bytes.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
    set_input(position, owned_onnx_tensor({}, std::move(dims), type, std::move(bytes)));
  }
  void set_input(size_t position, OnnxTensor tensor) {
    tensor.name = fmt::format("{}\n{}", node_.outputs.empty() ? node_.name : node_.outputs[0], position);
    set_input(position, tensor.name);
    constants_.push_back(std::move(tensor));
  }

  void integers_to_input(std::string_view attribute, size_t position) {
    if (auto numbers = take_as<std::vector<int64_t>>(attribute)) {
      const auto count = static_cast<int64_t>(numbers->size());
      set_input(position, OnnxType::int64, {count}, *numbers);
    }
  }
  void integer_to_input(std::string_view attribute, size_t position) {
    if (auto number = take_as<int64_t>(attribute)) set_input<int64_t>(position, OnnxType::int64, {1}, {*number});
  }
  void float_to_input(std::string_view attribute, size_t position) {
    if (auto number = take_as<float>(attribute)) set_input<float>(position, OnnxType::float32, {}, {*number});
  }

 private:
  OnnxNode& node_;
  std::vector<OnnxTensor>& constants_;
};

void axes_to_input(NodeEditor& editor) { editor.integers_to_input("axes", 1); }

void limits_to_inputs(NodeEditor& editor) {
  editor.float_to_input("min", 1);
  editor.float_to_input("max", 2);
}

void slice_to_inputs(NodeEditor& editor) {
  editor.integers_to_input("starts", 1);
  editor.integers_to_input("ends", 2);
  editor.integers_to_input("axes", 3);
}

void split_to_input(NodeEditor& editor) { editor.integers_to_input("split", 1); }

void pads_to_inputs(NodeEditor& editor) {
  editor.integers_to_input("paddings", 1);  // of opset 1
  editor.integers_to_input("pads", 1);
  editor.float_to_input("value", 2);
}

void count_to_input(NodeEditor& editor) { editor.integer_to_input("k", 1); }

void shape_to_input(NodeEditor& editor) { editor.integers_to_input("shape", 1); }

void ratio_to_input(NodeEditor& editor) {
  editor.take("is_test");
  editor.float_to_input("ratio", 1);
}

void sizes_as_before(NodeEditor& editor) {
  if (editor.node().inputs.size() > 1) {
    const std::string scales = editor.node().inputs[1];
    editor.set_input(1, std::string());
    editor.set_input(2, scales);
  }
  editor.set("coordinate_transformation_mode", std::string("asymmetric"));
  editor.set("nearest_mode", std::string("floor"));
  editor.set_default("mode", std::string("nearest"));
}

void upsample_to_resize(NodeEditor& editor) {
  editor.node().op = "Resize";
  if (auto scales = editor.take_as<std::vector<float>>("scales")) {
    const auto count = static_cast<int64_t>(scales->size());
    editor.set_input(1, OnnxType::float32, {count}, *scales);
  }
  sizes_as_before(editor);
}

void softmax_over_the_rest(NodeEditor& editor) {
  editor.set("flatten", int64_t{1});
  editor.set_default("axis", int64_t{1});
}

void scatter_elements(NodeEditor& editor) { editor.node().op = "ScatterElements"; }

void value_to_input(NodeEditor& editor) {
  if (auto value = editor.take_as<OnnxTensor>("value")) editor.set_input(1, std::move(*value));
}

void scales_of_groups(NodeEditor& editor) { editor.set("scale_of_groups", int64_t{1}); }

void grid_mode(NodeEditor& editor) {
  const auto mode = editor.take_as<std::string>("mode").value_or("bilinear");
  editor.set("mode", std::string(mode == "bilinear" ? "linear" : mode == "bicubic" ? "cubic" : mode));
}

void refuse_batched_scan(NodeEditor&) {
  fail(ErrorCode::unsupported,
       "Scan of opset 8, over batches, has no newer form; convert the model to opset 9 or later");
}

void inference_only(NodeEditor& editor) {
  const auto spatial = editor.take_as<int64_t>("spatial");
  if (spatial && *spatial == 0)
    fail(ErrorCode::unsupported, "statistics for each place ('spatial' 0) have no newer form");
  editor.node().outputs.resize(std::min<size_t>(editor.node().outputs.size(), 1));
}

void corners_of_pixels(NodeEditor& editor) {
  editor.set_default("coordinate_transformation_mode", std::string("output_half_pixel"));
}

void axis_to_input(NodeEditor& editor) {
  const int64_t axis = editor.take_as<int64_t>("axis").value_or(1);
  editor.set_input<int64_t>(2, OnnxType::int64, {}, {axis});
}

void refuse_own_broadcast(NodeEditor& editor) {
  if (editor.take_as<int64_t>("broadcast").value_or(0) != 0 && editor.has("axis")) {
    fail(ErrorCode::unsupported, "broadcasting along an axis, of opset 6 and before, has no newer form");
  }
}

void join_channels(NodeEditor& editor) { editor.set_default("axis", int64_t{1}); }

void angles_before_positions(NodeEditor& editor) {
  auto& inputs = editor.node().inputs;
  if (inputs.size() == 4) std::rotate(inputs.begin() + 1, inputs.begin() + 2, inputs.end());
}

void gelu_by_tanh(NodeEditor& editor) {
  if (editor.node().inputs.size() > 1) fail(ErrorCode::unsupported, "its bias");
  editor.node().op = "Gelu";
  editor.set("approximate", std::string("tanh"));
}

void rms_normalization(NodeEditor& editor) {
  editor.node().op = "RMSNormalization";
  editor.node().outputs.resize(std::min<size_t>(editor.node().outputs.size(), 1));
}

constexpr int64_t kEver = INT64_MAX;

/// Which nodes of opsets before `version` are changed, and how. In the order of application.
struct Upgrade {
  std::string_view op;
  int64_t version;
  void (*apply)(NodeEditor& editor);
};

constexpr std::array kUpgrades = {
    Upgrade{"Add", 7, refuse_own_broadcast},
    Upgrade{"Sub", 7, refuse_own_broadcast},
    Upgrade{"Mul", 7, refuse_own_broadcast},
    Upgrade{"Div", 7, refuse_own_broadcast},
    Upgrade{"Concat", 4, join_channels},
    Upgrade{"Reshape", 5, shape_to_input},
    Upgrade{"BatchNormalization", 14, inference_only},
    Upgrade{"Clip", 11, limits_to_inputs},
    Upgrade{"ConstantOfShape", kEver, value_to_input},
    Upgrade{"DFT", 20, axis_to_input},
    Upgrade{"Dropout", 12, ratio_to_input},
    Upgrade{"GridSample", 20, grid_mode},
    Upgrade{"GroupNormalization", 21, scales_of_groups},
    Upgrade{"Hardmax", 13, softmax_over_the_rest},
    Upgrade{"LogSoftmax", 13, softmax_over_the_rest},
    Upgrade{"Pad", 11, pads_to_inputs},
    Upgrade{"ReduceL1", 18, axes_to_input},
    Upgrade{"ReduceL2", 18, axes_to_input},
    Upgrade{"ReduceLogSum", 18, axes_to_input},
    Upgrade{"ReduceLogSumExp", 18, axes_to_input},
    Upgrade{"ReduceMax", 18, axes_to_input},
    Upgrade{"ReduceMean", 18, axes_to_input},
    Upgrade{"ReduceMin", 18, axes_to_input},
    Upgrade{"ReduceProd", 18, axes_to_input},
    Upgrade{"ReduceSum", 13, axes_to_input},
    Upgrade{"ReduceSumSquare", 18, axes_to_input},
    Upgrade{"Resize", 11, sizes_as_before},
    Upgrade{"RoiAlign", 16, corners_of_pixels},
    Upgrade{"Scan", 9, refuse_batched_scan},
    Upgrade{"Scatter", kEver, scatter_elements},
    Upgrade{"SimplifiedLayerNormalization", kEver, rms_normalization},  // ONNX Runtime's, without a domain
    Upgrade{"Slice", 10, slice_to_inputs},
    Upgrade{"Softmax", 13, softmax_over_the_rest},
    Upgrade{"Split", 13, split_to_input},
    Upgrade{"Squeeze", 13, axes_to_input},
    Upgrade{"TopK", 10, count_to_input},
    Upgrade{"Unsqueeze", 13, axes_to_input},
    Upgrade{"Upsample", kEver, upsample_to_resize},
};

/// Operators of other domains that have a standard op. Null: as they are.
struct ForeignOperator {
  std::string_view domain;
  std::string_view op;
  void (*apply)(NodeEditor& editor);
  bool also_standard = false;  // ONNX has one of this name, too
};

constexpr std::array kForeign = {
    ForeignOperator{"com.microsoft", "FastGelu", gelu_by_tanh},
    ForeignOperator{"com.microsoft", "FusedConv", nullptr},
    ForeignOperator{"com.microsoft", "GatherBlockQuantized", nullptr},
    ForeignOperator{"com.microsoft", "Gelu", nullptr, true},
    ForeignOperator{"com.microsoft", "GroupQueryAttention", nullptr},
    ForeignOperator{"com.microsoft", "MatMulNBits", nullptr},
    ForeignOperator{"com.microsoft", "NhwcFusedConv", nullptr},
    ForeignOperator{"com.microsoft", "NhwcMaxPool", nullptr},
    ForeignOperator{"com.microsoft", "QGemm", nullptr},
    ForeignOperator{"com.microsoft", "QLinearAdd", nullptr},
    ForeignOperator{"com.microsoft", "QLinearConv", nullptr, true},
    ForeignOperator{"com.microsoft", "QLinearGlobalAveragePool", nullptr},
    ForeignOperator{"com.microsoft", "QuickGelu", nullptr},
    ForeignOperator{"com.microsoft", "RotaryEmbedding", angles_before_positions},
    ForeignOperator{"com.microsoft", "SkipSimplifiedLayerNormalization", nullptr},
};

}  // namespace

void adopt_foreign(OnnxNode& node) {
  for (const ForeignOperator& foreign : kForeign) {
    if (foreign.domain != node.domain || foreign.op != node.op) continue;
    std::vector<OnnxTensor> none;
    NodeEditor editor(node, none);
    if (foreign.apply) foreign.apply(editor);
    node.domain.clear();
    return;
  }
}

std::string_view domain_of_standard(std::string_view op) {
  for (const ForeignOperator& foreign : kForeign) {
    if (foreign.op == op && !foreign.also_standard && !foreign.apply) return foreign.domain;
  }
  return {};
}

void bring_up_to_date(OnnxNode& node, int64_t opset, std::vector<OnnxTensor>& constants) {
  const std::string op = node.op;
  NodeEditor editor(node, constants);
  for (const Upgrade& upgrade : kUpgrades) {
    if (upgrade.op == op && opset < upgrade.version) upgrade.apply(editor);
  }
}

}  // namespace adze::formats
