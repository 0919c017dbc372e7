#include "passes/recognize_quantized.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "codecs/codec.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/standard_op.h"
#include "passes/constant_tensors.h"
#include "passes/remove_dead_nodes.h"
#include "passes/value_uses.h"

namespace adze::passes {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

/// Integers, their scale and their zero point.
struct Quantized {
  ValueId numbers = kNoValue, scale = kNoValue, zero = kNoValue;
};

/// Ops that move numbers and compute none.
constexpr std::array<std::string_view, 6> kMovers = {"Flatten", "MaxPool",   "Reshape",
                                                     "Squeeze", "Transpose", "Unsqueeze"};

/// How far the scale of a bias may be from the product of the others': f32 rounds it.
constexpr double kScaleTolerance = 1e-5;

class QuantizedRecognizer {
 public:
  explicit QuantizedRecognizer(const PassContext& context)
      : context_(context), graph_(context.graph), constants_(context), uses_(context.graph) {}

  bool run() {
    bool changed = false;
    for (NodeId i = 0; i < graph_.nodes.size(); ++i) {
      if (standard_name(graph_.nodes[i]) == "QuantizeLinear") changed |= recognize(i);
    }
    if (changed) remove_dead_nodes(context_);
    return changed;
  }

 private:
  StorageType storage(ValueId id) const { return id == kNoValue ? nullptr : graph_.value(id).type.storage; }
  bool is_byte(ValueId id) const { return storage(id) == &codecs::u8.info || storage(id) == &codecs::i8.info; }

  std::optional<HostTensor> numbers_of(ValueId id) const { return constants_.find(id); }

  std::optional<double> one_number(ValueId id) const {
    const auto tensor = numbers_of(id);
    return tensor && tensor->count() == 1 ? std::optional(ops::read_number(*tensor)) : std::nullopt;
  }

  /// What a DequantizeLinear without blocks makes floats of.
  std::optional<Quantized> dequantized(ValueId id) const {
    const auto producer = uses_.producer(id);
    if (!producer) return std::nullopt;
    const Node& node = graph_.nodes[*producer];
    const bool plain = int_attribute_or(node, "block_size", 0) == 0 && storage(id) == &codecs::f32.info;
    if (standard_name(node) != "DequantizeLinear" || !plain) return std::nullopt;
    return Quantized{node.inputs[0], node.inputs[1], input_of(node, 2)};
  }

  /// Bytes with one known scale and zero point.
  std::optional<Quantized> dequantized_bytes(ValueId id) {
    auto x = dequantized(id);
    if (!x || !is_byte(x->numbers) || !one_number(x->scale)) return std::nullopt;
    if (x->zero != kNoValue && !one_number(x->zero)) return std::nullopt;
    return x;
  }

  /// A known matrix or filter of bytes with a scale for all or for each place of `axis`.
  std::optional<Quantized> dequantized_weights(ValueId id, int64_t axis) {
    auto w = dequantized(id);
    if (!w || !is_byte(w->numbers) || !constants_.knows(w->numbers)) return std::nullopt;
    const auto scales = numbers_of(w->scale), zeros = numbers_of(w->zero);
    if (!scales || (w->zero != kNoValue && !zeros)) return std::nullopt;
    const Node& node = graph_.nodes[*uses_.producer(id)];
    const auto rank = static_cast<int64_t>(graph_.value(w->numbers).type.dims.size());
    const int64_t given = int_attribute_or(node, "axis", 1);
    const bool along = scales->rank() == 1 && (given < 0 ? given + rank : given) == axis;
    if (scales->count() != 1 && !along) return std::nullopt;
    if (zeros && zeros->count() != 1 && zeros->count() != scales->count()) return std::nullopt;
    return w;
  }

  /// Zero points are not optional in quantized ops.
  ValueId zero_of(const Quantized& x, const std::string& name) {
    if (x.zero != kNoValue) return x.zero;
    return constants_.add(name + ".zero", ops::zeros(storage(x.numbers), {}));
  }

  bool recognize(NodeId quantize) {
    const Node& node = graph_.nodes[quantize];
    const Quantized y{node.outputs[0], node.inputs[1], input_of(node, 2)};
    if (y.zero == kNoValue || !is_byte(y.zero) || !one_number(y.scale) || !one_number(y.zero)) return false;
    auto inner = uses_.producer(node.inputs[0]);
    if (!inner || uses_.only_user(node.inputs[0]) != quantize) return false;
    if (keeps_limits(graph_.nodes[*inner], y)) {
      const ValueId before = graph_.nodes[*inner].inputs[0];
      const auto producer = uses_.producer(before);
      if (producer && uses_.only_user(before) == inner) inner = producer;
    }
    const auto name = standard_name(graph_.nodes[*inner]);
    if (name == "Conv") return take_convolution(quantize, *inner, y);
    if (name == "MatMul") return take_product(quantize, *inner, y);
    if (name == "Gemm") return take_gemm(quantize, *inner, y);
    if (name == "Add") return take_sum(quantize, *inner, y);
    if (name == "GlobalAveragePool") return take_mean(quantize, *inner, y);
    return std::ranges::find(kMovers, name) != kMovers.end() && take_mover(quantize, *inner, y);
  }

  /// An activation that changes nothing, because codes of the result lie within its limits.
  bool keeps_limits(const Node& node, const Quantized& y) const {
    const auto name = standard_name(node);
    if (name != "Relu" && name != "Clip") return false;
    const double scale = *one_number(y.scale), zero = *one_number(y.zero);
    const auto limits = ops::integer_limits(*numbers_of(y.zero));
    const auto code = [&](double number) { return std::nearbyint(number / scale) + zero; };
    if (name == "Relu") return code(0) <= limits.least;
    const auto limit = [&](size_t input, double fallback) {
      return input_of(node, input) == kNoValue ? std::optional(fallback) : one_number(node.inputs[input]);
    };
    const auto least = limit(1, -HUGE_VAL), most = limit(2, HUGE_VAL);
    return least && most && code(*least) <= limits.least && code(*most) >= limits.most;
  }

  void replace(NodeId at, std::string_view op, NodeId inner, std::vector<ValueId> inputs) {
    Node node = graph_.nodes[inner];
    node.op = ops::find_standard_op(op);
    node.inputs = std::move(inputs);
    node.outputs = graph_.nodes[at].outputs;
    graph_.nodes[inner].name += ".float";  // removed soon: nobody uses it any more
    graph_.nodes[at] = std::move(node);
  }

  struct QuantizedPair {
    Quantized a, b, y;
  };

  /// By an op that takes numbers, scale and zero of both, then scale and zero of the result.
  void replace_pair(NodeId quantize, std::string_view op, NodeId inner, const QuantizedPair& pair) {
    const auto& [a, b, y] = pair;
    const std::string name = graph_.nodes[inner].name;
    const ValueId a_zero = zero_of(a, name + ".a"), b_zero = zero_of(b, name + ".b");
    replace(quantize, op, inner, {a.numbers, a.scale, a_zero, b.numbers, b.scale, b_zero, y.scale, y.zero});
  }

  /// In i32 with the scale x * w; kNoValue for none. Nothing: it cannot be taken over.
  std::optional<ValueId> bias_of(ValueId id, const Quantized& x, const Quantized& w) const {
    if (id == kNoValue) return kNoValue;
    const auto bias = dequantized(id);
    if (!bias || storage(bias->numbers) != &codecs::i32.info || !constants_.knows(bias->numbers)) return std::nullopt;
    const auto zeros = numbers_of(bias->zero), scales = numbers_of(bias->scale), others = numbers_of(w.scale);
    if (!scales || (bias->zero != kNoValue && !zeros)) return std::nullopt;
    if (zeros && !std::ranges::all_of(zeros->bytes(), [](std::byte b) { return b == std::byte{0}; }))
      return std::nullopt;
    const double x_scale = *one_number(x.scale);
    const int64_t count = std::max(scales->count(), others->count());
    const auto fits = [&](const HostTensor& s) {
      return s.type() == &codecs::f32.info && (s.count() == 1 || s.count() == count);
    };
    if (!fits(*scales) || !fits(*others)) return std::nullopt;
    for (int64_t i = 0; i < count; ++i) {
      const double own = number_at(*scales, i), product = x_scale * number_at(*others, i);
      if (std::fabs(own - product) > kScaleTolerance * std::fabs(product)) return std::nullopt;
    }
    return bias->numbers;
  }

  static double number_at(const HostTensor& scales, int64_t i) {
    return static_cast<double>(scales.numbers<float>()[static_cast<size_t>(scales.count() == 1 ? 0 : i)]);
  }

  bool take_convolution(NodeId quantize, NodeId inner, const Quantized& y) {
    const Node& node = graph_.nodes[inner];
    const auto x = dequantized_bytes(node.inputs[0]);
    const auto w = x ? dequantized_weights(node.inputs[1], 0) : std::nullopt;
    const auto bias = w ? bias_of(input_of(node, 2), *x, *w) : std::nullopt;
    if (!bias) return false;
    const std::string name = node.name;
    const ValueId x_zero = zero_of(*x, name + ".x"), w_zero = zero_of(*w, name + ".w");
    std::vector<ValueId> inputs{x->numbers, x->scale, x_zero, w->numbers, w->scale, w_zero, y.scale, y.zero};
    if (*bias != kNoValue) inputs.push_back(*bias);
    replace(quantize, "QLinearConv", inner, std::move(inputs));
    return true;
  }

  bool take_product(NodeId quantize, NodeId inner, const Quantized& y) {
    const Node& node = graph_.nodes[inner];
    const auto a = dequantized_bytes(node.inputs[0]);
    const auto b = a ? dequantized_weights(node.inputs[1], 1) : std::nullopt;
    if (!b || graph_.value(b->numbers).type.dims.size() != 2) return false;
    replace_pair(quantize, "QLinearMatMul", inner, {*a, *b, y});
    return true;
  }

  bool take_gemm(NodeId quantize, NodeId inner, const Quantized& y) {
    const Node& node = graph_.nodes[inner];
    const bool plain = int_attribute_or(node, "transA", 0) == 0 && number_attribute_or(node, "beta", 1) == 1 &&
                       number_attribute_or(node, "alpha", 1) == 1;
    const auto a = plain ? dequantized_bytes(node.inputs[0]) : std::nullopt;
    const int64_t axis = int_attribute_or(node, "transB", 0) != 0 ? 0 : 1;
    const auto b = a ? dequantized_weights(node.inputs[1], axis) : std::nullopt;
    const auto bias = b ? bias_of(input_of(node, 2), *a, *b) : std::nullopt;
    if (!bias || (*bias != kNoValue && graph_.value(*bias).type.dims.size() != 1)) return false;
    const std::string name = node.name;
    const ValueId a_zero = zero_of(*a, name + ".a"), b_zero = zero_of(*b, name + ".b");
    replace(quantize, "QGemm", inner,
            {a->numbers, a->scale, a_zero, b->numbers, b->scale, b_zero, *bias, y.scale, y.zero});
    graph_.nodes[quantize].attributes.erase("beta");
    return true;
  }

  bool take_sum(NodeId quantize, NodeId inner, const Quantized& y) {
    const Node& node = graph_.nodes[inner];
    const auto a = dequantized_bytes(node.inputs[0]), b = dequantized_bytes(node.inputs[1]);
    if (!a || !b) return false;
    replace_pair(quantize, "QLinearAdd", inner, {*a, *b, y});
    return true;
  }

  bool take_mean(NodeId quantize, NodeId inner, const Quantized& y) {
    const Node& node = graph_.nodes[inner];
    const auto x = dequantized_bytes(node.inputs[0]);
    if (!x) return false;
    const ValueId zero = zero_of(*x, node.name + ".x");
    replace(quantize, "QLinearGlobalAveragePool", inner, {x->numbers, x->scale, zero, y.scale, y.zero});
    graph_.nodes[quantize].attributes["channels_last"] = int64_t{0};
    return true;
  }

  /// Only where scale and zero point stay the same.
  bool take_mover(NodeId quantize, NodeId inner, const Quantized& y) {
    const Node& node = graph_.nodes[inner];
    const auto x = dequantized_bytes(node.inputs[0]);
    if (!x || node.outputs.size() != 1 || storage(x->numbers) != storage(y.zero)) return false;
    const double zero = x->zero == kNoValue ? 0 : *one_number(x->zero);
    if (*one_number(x->scale) != *one_number(y.scale) || zero != *one_number(y.zero)) return false;
    auto inputs = node.inputs;
    inputs[0] = x->numbers;
    replace(quantize, standard_name(node), inner, std::move(inputs));
    return true;
  }

  const PassContext& context_;
  Graph& graph_;
  ConstantTensors constants_;
  ValueUses uses_;
};

}  // namespace

bool recognize_quantized(const PassContext& context) { return QuantizedRecognizer(context).run(); }

}  // namespace adze::passes
