// Attention over histories, which are inputs and outputs of the graph.
#include <fmt/format.h>

#include <limits>

#include "formats/onnx_lowering/lowerings.h"
#include "ops/attention/attention.h"

namespace adze::formats {
namespace {

using ops::AttentionParameters;

/// int64 scalars: tokens of the history and this call together, and of this call.
std::string total_tokens(OnnxLowering& l) {
  auto& out = l.out();
  return out.shared("total tokens",
                    [&] { return out.add("Gather", {out.add("Shape", {l.attention_mask()}), out.whole(1)}); });
}

std::string tokens_of_call(OnnxLowering& l) {
  auto& out = l.out();
  return out.shared("tokens of call",
                    [&] { return out.add("Gather", {out.add("Shape", {l.position_ids()}), out.whole(1)}); });
}

/// bool [sequence, total]: which positions a row sees.
std::string causally_visible(OnnxLowering& l, int64_t window) {
  auto& out = l.out();
  const auto total = total_tokens(l);
  const auto keys = out.add("Range", {out.whole(0), total, out.whole(1)});
  const auto past = out.add("Sub", {total, tokens_of_call(l)});
  const auto rows = out.add("Unsqueeze", {out.add("Range", {past, total, out.whole(1)}), out.ints({1})});
  const auto visible = out.add("LessOrEqual", {keys, rows});
  if (window == 0) return visible;
  const auto within = out.add("Greater", {keys, out.add("Sub", {rows, out.whole(window)})});
  return out.add("And", {visible, within});
}

/// float32 [batch, 1, 1, sequence, total]: 0, or the lowest number where nothing is seen. One for all layers.
std::string mask(OnnxLowering& l, int64_t window) {
  auto& out = l.out();
  return out.shared(fmt::format("mask of window {}", window), [&] {
    const auto present =
        out.add("Cast", {l.attention_mask()}, {attribute("to", static_cast<int64_t>(OnnxType::boolean))});
    const auto visible = out.add("And", {causally_visible(l, window), out.add("Unsqueeze", {present, out.ints({1})})});
    const double lowest = std::numeric_limits<float>::lowest();
    const auto numbers = out.add("Where", {visible, out.number(0), out.number(lowest)});
    return out.add("Unsqueeze", {numbers, out.ints({1, 2})});
  });
}

/// This call's rows [batch, sequence, heads * width] behind the history: [batch, heads, total, width].
std::string with_history(OnnxLowering& l, const std::string& rows, const OnnxState& state, const std::string& part) {
  auto& out = l.out();
  const auto heads = out.add("Reshape", {rows, out.ints({0, 0, state.heads, state.head_dim})});
  const auto turned = out.add("Transpose", {heads}, {attribute("perm", std::vector<int64_t>{0, 2, 1, 3})});
  const auto present = "present." + part;
  out.add_node({.name = out.new_name("Concat"),
                .op = "Concat",
                .domain = {},
                .overload = {},
                .inputs = {"past_key_values." + part, turned},
                .outputs = {present},
                .attributes = {attribute("axis", int64_t{2})}});
  return present;
}

// A sink is one more score, whose share is dropped.
std::string with_sinks(OnnxLowering& l, const std::string& scores, const AttentionParameters& p) {
  auto& out = l.out();
  const auto first = out.add("Slice", {scores, out.ints({0}), out.ints({1}), out.ints({4})});
  const auto sinks = out.add(
      "Reshape", {add_float_weight(out, l.weight(4)), out.ints({1, p.key_heads, p.query_heads / p.key_heads, 1, 1})});
  const auto column = out.add("Add", {out.add("Mul", {first, out.number(0)}), sinks});
  return out.add("Concat", {scores, column}, {attribute("axis", int64_t{4})});
}

/// Shares [batch, key heads, queries of a key head, sequence, total].
std::string attention_shares(OnnxLowering& l, const std::string& queries, const std::string& keys,
                             const AttentionParameters& p) {
  auto& out = l.out();
  const auto turned = out.add("Transpose", {out.add("Unsqueeze", {keys, out.ints({2})})},
                              {attribute("perm", std::vector<int64_t>{0, 1, 2, 4, 3})});
  const auto scaled = out.add("Mul", {queries, out.number(p.scale)});
  auto scores = out.add("MatMul", {scaled, turned});
  if (p.soft_cap > 0) {
    const auto cap = out.number(p.soft_cap);
    scores = out.add("Mul", {out.add("Tanh", {out.add("Div", {scores, cap})}), cap});
  }
  scores = out.add("Add", {scores, mask(l, p.window)});
  const bool sinks = l.has_input(4);
  if (sinks) scores = with_sinks(l, scores, p);
  const auto shares = out.add("Softmax", {scores}, {attribute("axis", int64_t{-1})});
  if (!sinks) return shares;
  return out.add("Slice", {shares, out.ints({0}), out.ints({-1}), out.ints({4})});
}

/// int32: the index of the last token of each sequence.
std::string last_tokens(OnnxLowering& l) {
  auto& out = l.out();
  return out.shared("last tokens", [&] {
    const auto tokens = out.add("ReduceSum", {l.attention_mask(), out.ints({1})}, {attribute("keepdims", int64_t{0})});
    return out.add("Cast", {out.add("Sub", {tokens, out.whole(1)})},
                   {attribute("to", static_cast<int64_t>(OnnxType::int32))});
  });
}

std::string total_tokens_int32(OnnxLowering& l) {
  auto& out = l.out();
  return out.shared("total tokens as int32", [&] {
    return out.add("Cast", {total_tokens(l)}, {attribute("to", static_cast<int64_t>(OnnxType::int32))});
  });
}

/// Heads of another width: with zeros behind them, or without their last numbers. The op knows one width for all.
std::string with_heads_of(OnnxLowering& l, const std::string& rows, const OnnxState& heads, int64_t width) {
  if (width == heads.head_dim) return rows;
  auto& out = l.out();
  auto split = out.add("Reshape", {rows, out.ints({0, 0, heads.heads, heads.head_dim})});
  if (width < heads.head_dim) {
    split = out.add("Slice", {split, out.ints({0}), out.ints({width}), out.ints({3})});
  } else {
    split = out.add("Pad", {split, out.ints({0, 0, 0, 0, 0, 0, 0, width - heads.head_dim}), out.number(0)});
  }
  return out.add("Reshape", {split, out.ints({0, 0, heads.heads * width})});
}

}  // namespace

// The rows themselves take the place of the history; attention puts the past in front.
void lower_append_state(OnnxLowering& l) { l.pass_on(1); }
void lower_read_state(OnnxLowering& l) { l.pass_on(2); }

// All rows have logits.
void lower_select_rows(OnnxLowering& l) { l.pass_on(0); }

void lower_attention(OnnxLowering& l) {
  auto& out = l.out();
  const auto p = ops::read_attention_parameters(l.node());
  const OnnxState key_state{p.key_heads, p.head_dim}, value_state{p.key_heads, p.value_dim};
  const size_t layer = l.add_layer(key_state, value_state);
  const auto keys = with_history(l, l.input(1), key_state, fmt::format("{}.key", layer));
  const auto values = with_history(l, l.input(2), value_state, fmt::format("{}.value", layer));
  const auto split =
      out.add("Reshape", {l.input(0), out.ints({0, 0, p.key_heads, p.query_heads / p.key_heads, p.head_dim})});
  const auto queries = out.add("Transpose", {split}, {attribute("perm", std::vector<int64_t>{0, 2, 3, 1, 4})});
  const auto shares = attention_shares(l, queries, keys, p);
  const auto made = out.add("MatMul", {shares, out.add("Unsqueeze", {values, out.ints({2})})});
  const auto rows = out.add("Transpose", {made}, {attribute("perm", std::vector<int64_t>{0, 3, 1, 2, 4})});
  l.set_result(out.add("Reshape", {rows, out.ints({0, 0, p.query_heads * p.value_dim})}));
}

void lower_attention_contrib(OnnxLowering& l) {
  auto& out = l.out();
  const auto p = ops::read_attention_parameters(l.node());
  if (p.value_dim > p.head_dim) l.refuse("values are wider than keys");
  const OnnxState state{p.key_heads, p.head_dim};
  const size_t layer = l.add_layer(state, state);
  std::vector<std::string> inputs{l.input(0),
                                  l.input(1),
                                  with_heads_of(l, l.input(2), {p.key_heads, p.value_dim}, p.head_dim),
                                  fmt::format("past_key_values.{}.key", layer),
                                  fmt::format("past_key_values.{}.value", layer),
                                  last_tokens(l),
                                  total_tokens_int32(l)};
  if (l.has_input(4)) {
    inputs.resize(11);  // cosines, sines, positions and a bias are not given
    inputs.push_back(add_float_weight(out, l.weight(4)));
  }
  std::vector<OnnxAttribute> attributes{attribute("num_heads", p.query_heads), attribute("kv_num_heads", p.key_heads),
                                        attribute("scale", double{p.scale})};
  // A row itself counts, as in Hugging Face's windows; so since ONNX Runtime 1.23.
  if (p.window > 0) attributes.push_back(attribute("local_window_size", p.window));
  if (p.soft_cap > 0) attributes.push_back(attribute("softcap", double{p.soft_cap}));
  const std::string op = "GroupQueryAttention";
  const std::string name = out.new_name(op);
  out.add_node({.name = name,
                .op = op,
                .domain = "com.microsoft",
                .overload = {},
                .inputs = std::move(inputs),
                .outputs = {name, fmt::format("present.{}.key", layer), fmt::format("present.{}.value", layer)},
                .attributes = std::move(attributes)});
  l.set_result(with_heads_of(l, name, {p.query_heads, p.head_dim}, p.value_dim));
}

}  // namespace adze::formats
