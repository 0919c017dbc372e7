// lint: foreign names: OpenVINO, ONNX
// Recurrent layers: sequences first, time second, one bias for both products.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <sstream>

#include "codecs/codec.h"
#include "formats/openvino/standard_to_ir.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {
namespace {

using Ints = std::vector<int64_t>;

std::string lower_case(std::string word) {
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return word;
}

struct Recurrent {
  int64_t hidden, directions;
  std::string direction;
  std::string activations;  // "sigmoid,tanh"
  bool batch_first;
};

/// The names for one direction; `usual` where none are given. Both directions have the same.
std::string activations_of(GraphToIr& g, int64_t directions, const std::string& usual) {
  std::istringstream lines(g.word("activations", ""));
  std::vector<std::string> words;
  for (std::string word; std::getline(lines, word);) words.push_back(lower_case(word));
  if (words.empty()) return usual;
  const auto each = static_cast<size_t>(std::ranges::count(usual, ',') + 1);
  if (words.size() != each * static_cast<size_t>(directions)) g.refuse("activations that do not fit its directions");
  std::string joined;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] != "sigmoid" && words[i] != "tanh" && words[i] != "relu") {
      g.refuse(fmt::format("the activation {}", words[i]));
    }
    if (words[i] != words[i % each]) g.refuse("directions with other activations");
    if (i < each) joined += (i == 0 ? "" : ",") + words[i];
  }
  return joined;
}

Recurrent recurrent_of(GraphToIr& g, const std::string& usual_activations) {
  Recurrent r{g.integer("hidden_size", 0), 1, g.word("direction", "forward"), {}, g.flag("layout")};
  if (r.hidden < 1) g.refuse("its size must be given");
  r.directions = r.direction == "bidirectional" ? 2 : 1;
  r.activations = activations_of(g, r.directions, usual_activations);
  if (g.flag("input_forget")) g.refuse("coupled gates");
  return r;
}

/// [directions, gates * hidden, …] with the gates in another order; every number of the order is a slice.
IrValue gates(GraphToIr& g, IrValue x, const Ints& order, int64_t hidden) {
  std::vector<IrValue> parts;
  for (const int64_t gate : order) parts.push_back(g.slice(x, 1, gate * hidden, (gate + 1) * hidden, 1, "f32"));
  return g.out().add("Concat", "opset1", parts, {{"axis", "1"}});
}

IrValue sequences_first(GraphToIr& g, const Recurrent& r) {
  return r.batch_first ? g.input(0) : g.transpose(g.input(0), {1, 0, 2});
}

/// The number of sequences (axis 0 of those that stand first), or their length, as i64 [1].
IrValue dimension(GraphToIr& g, IrValue x, int64_t axis) {
  return g.out().add("Gather", "opset8", {g.shape(x), g.out().ints({axis}), g.out().whole(0)}, {{"batch_dims", "0"}},
                     "i64");
}

/// Of x, and of all that goes with it.
StorageType type_of_x(GraphToIr& g) { return g.storage(0) ? g.storage(0) : &codecs::f32.info; }

/// [batch, directions, hidden]; zeros where it is not given.
IrValue first_state(GraphToIr& g, size_t input, IrValue x, const Recurrent& r) {
  auto& out = g.out();
  if (g.has(input)) return r.batch_first ? g.input(input) : g.transpose(g.input(input), {1, 0, 2});
  const IrValue shape =
      out.add("Concat", "opset1", {dimension(g, x, 0), out.ints({r.directions, r.hidden})}, {{"axis", "0"}}, "i64");
  return out.add("Broadcast", "opset3", {g.scalar(0, type_of_x(g)), shape}, {{"mode", "numpy"}}, g.output_type());
}

IrValue lengths_of(GraphToIr& g, IrValue x) {
  if (g.has(4)) return g.input(4);
  return g.out().add("Broadcast", "opset3", {dimension(g, x, 1), dimension(g, x, 0)}, {{"mode", "numpy"}}, "i64");
}

IrBuilder::Attributes attributes_of(GraphToIr& g, const Recurrent& r) {
  return {{"direction", r.direction},     {"hidden_size", std::to_string(r.hidden)},
          {"activations", r.activations}, {"activations_alpha", ""},
          {"activations_beta", ""},       {"clip", fmt::format("{}", static_cast<float>(g.number("clip", 0)))}};
}

/// Halves of the bias for both products, added where both belong to the same gates.
IrValue joined_bias(GraphToIr& g, const Recurrent& r, int64_t count) {
  auto& out = g.out();
  if (!g.has(3)) {
    const IrType type = g.output_type();
    HostTensor zeros = ops::zeros(type_of_x(g), {r.directions, count * r.hidden});
    const auto bytes = zeros.bytes();
    return out.packed(fmt::format("zeros {} {} {}", type, r.directions, count * r.hidden), type, zeros.dims(),
                      {bytes.begin(), bytes.end()});
  }
  Ints first(static_cast<size_t>(count)), second(static_cast<size_t>(count));
  std::iota(first.begin(), first.end(), 0);
  std::iota(second.begin(), second.end(), count);
  return g.both("Add", gates(g, g.input(3), first, r.hidden), gates(g, g.input(3), second, r.hidden));
}

/// Of outputs [batch, directions, time, hidden], then [batch, directions, hidden].
void give_sequence(GraphToIr& g, const std::vector<IrValue>& outputs, const Recurrent& r) {
  g.give(0, g.transpose(outputs[0], r.batch_first ? Ints{0, 2, 1, 3} : Ints{2, 1, 0, 3}));
  for (size_t i = 1; i < outputs.size(); ++i) {
    g.give(i, r.batch_first ? outputs[i] : g.transpose(outputs[i], {1, 0, 2}));
  }
}

}  // namespace

void ir_put_rnn(GraphToIr& g, Row row) {
  const Recurrent r = recurrent_of(g, "tanh");
  const IrValue x = sequences_first(g, r);
  const auto outputs =
      g.out().add_several(row.layer, row.opset,
                          {x, first_state(g, 5, x, r), lengths_of(g, x), g.input(1), g.input(2), joined_bias(g, r, 1)},
                          attributes_of(g, r), {"f32", "f32"});
  give_sequence(g, outputs, r);
}

// Gates: input, output, forget, cell there; forget, input, cell, output here.
void ir_put_lstm(GraphToIr& g, Row row) {
  const Recurrent r = recurrent_of(g, "sigmoid,tanh,tanh");
  if (g.has(7)) g.refuse("peepholes");
  const Ints order{2, 0, 3, 1};
  const IrValue x = sequences_first(g, r);
  const auto outputs = g.out().add_several(
      row.layer, row.opset,
      {x, first_state(g, 5, x, r), first_state(g, 6, x, r), lengths_of(g, x), gates(g, g.input(1), order, r.hidden),
       gates(g, g.input(2), order, r.hidden), gates(g, joined_bias(g, r, 4), order, r.hidden)},
      attributes_of(g, r), {"f32", "f32", "f32"});
  give_sequence(g, outputs, r);
}

// The bias of the recurrent product of the hidden gate stands apart with linear_before_reset.
void ir_put_gru(GraphToIr& g, Row row) {
  const Recurrent r = recurrent_of(g, "sigmoid,tanh");
  const bool before = g.flag("linear_before_reset");
  IrValue bias = joined_bias(g, r, before && !g.has(3) ? 4 : 3);
  if (before && g.has(3)) {
    const IrValue sums = gates(g, bias, {0, 1}, r.hidden);
    bias = g.out().add("Concat", "opset1", {sums, gates(g, g.input(3), {2, 5}, r.hidden)}, {{"axis", "1"}});
  }
  auto attributes = attributes_of(g, r);
  attributes.emplace_back("linear_before_reset", before ? "true" : "false");
  const IrValue x = sequences_first(g, r);
  const auto outputs = g.out().add_several(row.layer, row.opset,
                                           {x, first_state(g, 5, x, r), lengths_of(g, x), g.input(1), g.input(2), bias},
                                           attributes, {"f32", "f32"});
  give_sequence(g, outputs, r);
}

}  // namespace adze::formats
