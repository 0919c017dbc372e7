// Attention over histories that the model keeps in variables.
#include <fmt/format.h>

#include <limits>

#include "formats/openvino_lowering/ir_lowerings.h"
#include "ops/attention/attention.h"

namespace adze::formats {
namespace {

using ops::AttentionParameters;

struct Head {
  int64_t heads;
  int64_t width;
};

/// [batch, sequence, heads * width] as [batch, heads, sequence, width].
IrValue by_heads(IrLowering& l, IrValue rows, const Head& head) {
  return l.transpose(l.reshape(rows, {0, 0, head.heads, head.width}), {0, 2, 1, 3});
}

/// The rows of this call behind those of the variable, which keeps both: [batch, heads, tokens, width].
IrValue with_history(IrLowering& l, IrValue rows, const Head& head, const std::string& part) {
  auto& out = l.out();
  const auto variable = fmt::format("past_key_values.{0}present.{0}", part);
  const auto batch = out.shared("batch of beams", [&] { return l.dimension(l.beam_order(), 0); });
  const auto shape = l.concat({batch, out.ints({head.heads, 0, head.width})}, 0, "i64");
  const auto nothing = out.add("Broadcast", "opset3", {out.number(0), shape}, {{"mode", "numpy"}});
  const auto kept = out.add("ReadValue", "opset6", {nothing},
                            {{"variable_id", variable},
                             {"variable_type", "f32"},
                             {"variable_shape", fmt::format("?,{},?,{}", head.heads, head.width)}});
  const auto ordered = l.gather(kept, l.beam_order(), 0);
  const auto present = l.concat({ordered, by_heads(l, rows, head)}, 2);
  out.assign(variable, present);
  return present;
}

IrValue range(IrLowering& l, IrValue begin, IrValue end) {
  return l.out().add("Range", "opset4", {begin, end, l.out().whole(1)}, {{"output_type", "i64"}}, "i64");
}

IrValue compare(IrLowering& l, std::string_view layer_type, IrValue a, IrValue b) {
  return l.out().add(layer_type, "opset1", {a, b}, {{"auto_broadcast", "numpy"}}, "boolean");
}

IrValue minus(IrLowering& l, IrValue a, IrValue b) {
  return l.out().add("Subtract", "opset1", {a, b}, {{"auto_broadcast", "numpy"}}, "i64");
}

IrValue scalar_dimension(IrLowering& l, IrValue x, int64_t axis) {
  return l.out().add("Squeeze", "opset1", {l.dimension(x, axis), l.out().ints({0})}, {}, "i64");
}

/// f32 [batch, 1, sequence, total]: 0, or the lowest number where nothing is seen. One for all layers.
IrValue mask(IrLowering& l, int64_t window) {
  auto& out = l.out();
  return out.shared(fmt::format("mask of window {}", window), [&] {
    const auto total = scalar_dimension(l, l.attention_mask(), 1);
    const auto past = minus(l, total, scalar_dimension(l, l.position_ids(), 1));
    const auto keys = range(l, out.whole(0), total);
    const auto rows = l.unsqueeze(range(l, past, total), {1}, "i64");
    auto visible = compare(l, "LessEqual", keys, rows);
    if (window > 0) {
      const auto within = compare(l, "Greater", keys, minus(l, rows, out.whole(window)));
      visible = compare(l, "LogicalAnd", visible, within);
    }
    const auto present = l.unsqueeze(l.convert(l.attention_mask(), "boolean"), {1, 2}, "boolean");
    visible = compare(l, "LogicalAnd", present, visible);
    const double lowest = std::numeric_limits<float>::lowest();
    return out.add("Select", "opset1", {visible, out.number(0), out.number(lowest)}, {{"auto_broadcast", "numpy"}});
  });
}

/// Each head as often as queries share it: [batch, query heads, total, width].
IrValue repeated(IrLowering& l, IrValue values, const AttentionParameters& p, int64_t width) {
  const int64_t times = p.query_heads / p.key_heads;
  if (times == 1) return values;
  auto& out = l.out();
  const auto shape = l.concat(
      {l.dimension(values, 0), out.ints({p.key_heads, times}), l.dimension(values, 2), out.ints({width})}, 0, "i64");
  const auto copies = out.add("Broadcast", "opset3", {l.unsqueeze(values, {2}), shape}, {{"mode", "bidirectional"}});
  return l.reshape(copies, {0, p.query_heads, -1, width});
}

struct Heads {
  IrValue queries, keys, values;
};

/// A sink of each head is one more score: [batch, heads, sequence, total + 1].
IrValue with_sinks(IrLowering& l, IrValue scores, int64_t heads) {
  const auto sinks = l.reshape(ir_float_weight(l, l.weight(4)), {1, heads, 1, 1});
  const auto nothing = l.multiply(l.slice(scores, 3, 0, 1), l.out().number(0));
  return l.concat({scores, l.add(nothing, sinks)}, 3);
}

// Scores that are capped, and sinks, have no layer of their own.
IrValue spelled_attention(IrLowering& l, const Heads& heads, const AttentionParameters& p) {
  auto& out = l.out();
  auto scores = l.multiply(l.product_with_transposed(heads.queries, heads.keys), out.number(p.scale));
  if (p.soft_cap > 0) {
    const auto cap = out.number(p.soft_cap);
    scores = l.multiply(out.add("Tanh", "opset1", {l.divide(scores, cap)}), cap);
  }
  scores = l.add(scores, mask(l, p.window));
  if (l.has_input(4)) scores = with_sinks(l, scores, p.query_heads);
  auto shares = out.add("SoftMax", "opset8", {scores}, {{"axis", "-1"}});
  if (l.has_input(4)) shares = l.slice(shares, 3, 0, -1);
  return out.add("MatMul", "opset1", {shares, heads.values}, {{"transpose_a", "false"}, {"transpose_b", "false"}});
}

}  // namespace

// The rows themselves take the place of the history; attention puts the past in front.
void ir_append_state(IrLowering& l) { l.pass_on(1); }
void ir_read_state(IrLowering& l) { l.pass_on(2); }

// All rows have logits.
void ir_select_rows(IrLowering& l) { l.pass_on(0); }

void ir_attention(IrLowering& l) {
  auto& out = l.out();
  const auto p = ops::read_attention_parameters(l.node());
  const size_t layer = l.next_layer();
  const Head key{p.key_heads, p.head_dim}, value{p.key_heads, p.value_dim};
  const auto keys = with_history(l, l.input(1), key, fmt::format("{}.key", layer));
  const auto values = with_history(l, l.input(2), value, fmt::format("{}.value", layer));
  const Heads heads{by_heads(l, l.input(0), {p.query_heads, p.head_dim}), repeated(l, keys, p, p.head_dim),
                    repeated(l, values, p, p.value_dim)};
  IrValue made;
  if (p.soft_cap > 0 || l.has_input(4)) {
    made = spelled_attention(l, heads, p);
  } else {
    made = out.add("ScaledDotProductAttention", "opset13",
                   {heads.queries, heads.keys, heads.values, mask(l, p.window), out.number(p.scale)},
                   {{"causal", "false"}});
  }
  l.set_result(l.reshape(l.transpose(made, {0, 2, 1, 3}), {0, 0, p.query_heads * p.value_dim}));
}

}  // namespace adze::formats
