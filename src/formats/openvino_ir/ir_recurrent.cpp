// lint: foreign names: OpenVINO, ONNX
// Recurrent layers: gates in the standard's order, time first, biases for both products.
#include "base/error.h"
#include "codecs/codec.h"
#include "formats/openvino_ir/ir_families.h"

namespace adze::formats {
namespace {

using graph::ValueId;
using Ints = std::vector<int64_t>;

/// Where the parts of a sequence stand among the inputs; cells have neither lengths nor directions.
struct RecurrentInputs {
  ValueId x, lengths, hidden, cell, weights, recurrence, bias;
};

/// Blocks of `hidden` rows (axis 1) in another order; -1: zeros.
ValueId gates(IrStep& s, ValueId x, const Ints& order, int64_t hidden) {
  auto& n = s.nodes();
  StandardNodes::Values parts;
  for (const int64_t gate : order) {
    if (gate >= 0) {
      parts.push_back(n.slice(x, 1, gate * hidden, (gate + 1) * hidden));
    } else {
      const ValueId first = n.slice(x, 1, 0, hidden);
      parts.push_back(n.add("Sub", {first, first}));
    }
  }
  return n.concat(parts, 1);
}

std::string joined(const std::vector<std::string>& words) {
  std::string lines;
  for (const auto& word : words) lines += (lines.empty() ? "" : "\n") + word;
  return lines;
}

/// "sigmoid,tanh" for one direction -> the standard's names for all.
std::string activations_of(IrStep& s, const std::string& fallback, int64_t directions) {
  std::vector<std::string> words{""};
  for (const char c : s.word("activations", fallback)) {
    if (c == ',') {
      words.emplace_back();
    } else if (c != ' ') {
      words.back() += c;
    }
  }
  for (std::string& word : words) {
    if (word == "sigmoid") {
      word = "Sigmoid";
    } else if (word == "tanh") {
      word = "Tanh";
    } else if (word == "relu") {
      word = "Relu";
    } else {
      s.refuse("the activation \"" + word + "\"");
    }
  }
  auto all = words;
  for (int64_t i = 1; i < directions; ++i) all.insert(all.end(), words.begin(), words.end());
  return joined(all);
}

graph::Attributes attributes_of(IrStep& s, const std::string& activations, int64_t directions) {
  const std::string direction = s.word("direction", "forward");
  graph::Attributes attributes{{"hidden_size", s.integer("hidden_size", 0)},
                               {"direction", direction},
                               {"activations", activations_of(s, activations, directions)}};
  if (const double clip = s.number("clip", 0); clip > 0) attributes["clip"] = clip;
  return attributes;
}

int64_t hidden_size(IrStep& s) {
  const int64_t size = s.integer("hidden_size", 0);
  if (size < 1) fail(ErrorCode::bad_input, "attribute 'hidden_size' is {}", size);
  return size;
}

int64_t directions_of(IrStep& s) { return s.word("direction", "forward") == "bidirectional" ? 2 : 1; }

/// A cell is a sequence of one step in one direction.
RecurrentInputs cell_inputs(IrStep& s, bool has_cell) {
  auto& n = s.nodes();
  const size_t weights = has_cell ? 3 : 2;
  RecurrentInputs in{};
  in.x = n.unsqueeze(s.input(0), {0});
  in.lengths = graph::kNoValue;
  in.hidden = n.unsqueeze(s.input(1), {0});
  in.cell = has_cell ? n.unsqueeze(s.input(2), {0}) : graph::kNoValue;
  in.weights = n.unsqueeze(s.input(weights), {0});
  in.recurrence = n.unsqueeze(s.input(weights + 1), {0});
  in.bias = s.has(weights + 2) ? n.unsqueeze(s.input(weights + 2), {0}) : graph::kNoValue;
  return in;
}

RecurrentInputs sequence_inputs(IrStep& s, bool has_cell) {
  auto& n = s.nodes();
  const size_t lengths = has_cell ? 3 : 2;
  RecurrentInputs in{};
  in.x = n.transpose(s.input(0), {1, 0, 2});
  in.lengths = n.cast(s.input(lengths), &codecs::i32.info);
  in.hidden = n.transpose(s.input(1), {1, 0, 2});
  in.cell = has_cell ? n.transpose(s.input(2), {1, 0, 2}) : graph::kNoValue;
  in.weights = s.input(lengths + 1);
  in.recurrence = s.input(lengths + 2);
  in.bias = s.input(lengths + 3);
  return in;
}

// The standard gives [time, directions, batch, hidden]; here time lies third.
void give_sequence(IrStep& s, const StandardNodes::Values& outputs) {
  auto& n = s.nodes();
  s.give(0, n.transpose(outputs[0], {2, 1, 0, 3}));
  for (size_t i = 1; i < outputs.size(); ++i) s.give(i, n.transpose(outputs[i], {1, 0, 2}));
}

void give_cell(IrStep& s, const StandardNodes::Values& outputs) {
  for (size_t i = 1; i < outputs.size(); ++i) s.give(i - 1, s.nodes().squeeze(outputs[i], {0}));
}

// Gates: forget, input, cell, output here; input, output, forget, cell there.
StandardNodes::Values lstm(IrStep& s, IrName op, const RecurrentInputs& in, int64_t directions) {
  const int64_t hidden = hidden_size(s);
  const Ints order{1, 3, 0, 2};
  Ints biases = order;
  biases.resize(8, -1);
  return s.nodes().add_several(
      op,
      {in.x, gates(s, in.weights, order, hidden), gates(s, in.recurrence, order, hidden),
       in.bias == graph::kNoValue ? in.bias : gates(s, in.bias, biases, hidden), in.lengths, in.hidden, in.cell},
      attributes_of(s, "sigmoid,tanh,tanh", directions), 3);
}

// Both have the gates in the order update, reset, hidden. With linear_before_reset the bias of the recurrent product of
// the hidden gate stands apart.
StandardNodes::Values gru(IrStep& s, IrName op, const RecurrentInputs& in, int64_t directions) {
  const int64_t hidden = hidden_size(s);
  const bool before = s.flag("linear_before_reset", false);
  const Ints biases = before ? Ints{0, 1, 2, -1, -1, 3} : Ints{0, 1, 2, -1, -1, -1};
  auto attributes = attributes_of(s, "sigmoid,tanh", directions);
  attributes["linear_before_reset"] = int64_t{before};
  const ValueId bias = in.bias == graph::kNoValue ? in.bias : gates(s, in.bias, biases, hidden);
  return s.nodes().add_several(op, {in.x, in.weights, in.recurrence, bias, in.lengths, in.hidden}, attributes, 2);
}

StandardNodes::Values rnn(IrStep& s, IrName op, const RecurrentInputs& in, int64_t directions) {
  const ValueId bias = in.bias == graph::kNoValue ? in.bias : gates(s, in.bias, {0, -1}, hidden_size(s));
  return s.nodes().add_several(op, {in.x, in.weights, in.recurrence, bias, in.lengths, in.hidden},
                               attributes_of(s, "tanh", directions), 2);
}

}  // namespace

void ir_lstm_sequence(IrStep& s, IrName op) {
  give_sequence(s, lstm(s, op, sequence_inputs(s, true), directions_of(s)));
}
void ir_gru_sequence(IrStep& s, IrName op) {
  give_sequence(s, gru(s, op, sequence_inputs(s, false), directions_of(s)));
}
void ir_rnn_sequence(IrStep& s, IrName op) {
  give_sequence(s, rnn(s, op, sequence_inputs(s, false), directions_of(s)));
}
void ir_lstm_cell(IrStep& s, IrName op) {
  if (s.opset() < 4) s.refuse("the form of opset1");
  give_cell(s, lstm(s, op, cell_inputs(s, true), 1));
}
void ir_gru_cell(IrStep& s, IrName op) { give_cell(s, gru(s, op, cell_inputs(s, false), 1)); }
void ir_rnn_cell(IrStep& s, IrName op) { give_cell(s, rnn(s, op, cell_inputs(s, false), 1)); }

}  // namespace adze::formats
