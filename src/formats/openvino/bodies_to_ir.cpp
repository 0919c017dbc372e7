// lint: foreign names: OpenVINO, ONNX
// If, Loop and Scan: layers with bodies.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "formats/openvino/standard_to_ir.h"

namespace adze::formats {
namespace {

using Ints = std::vector<int64_t>;

IrPortMapEntry entry_of(int64_t outer_port, int64_t inner_layer) {
  IrPortMapEntry entry;
  entry.outer_port = outer_port;
  entry.inner_layer = inner_layer;
  return entry;
}

int64_t layer_of(IrValue value) { return static_cast<int64_t>(value.layer); }

/// The layer around bodies: its inputs, each value once where bodies capture it.
class Ports {
 public:
  Ports(GraphToIr& g, std::vector<IrValue> first) : g_(g), inputs_(std::move(first)) {}

  int64_t add(IrValue value) {
    inputs_.push_back(value);
    return static_cast<int64_t>(inputs_.size()) - 1;
  }
  /// Maps what a body captures.
  void add_captures(const GraphToIr& body, std::vector<IrPortMapEntry>& map) {
    for (const auto& capture : body.captures()) {
      const auto known = captured_.find(capture.outer);
      const int64_t port = known != captured_.end() ? known->second : add(g_.value(capture.outer));
      captured_[capture.outer] = port;
      map.push_back(entry_of(port, layer_of(capture.parameter)));
    }
  }
  const std::vector<IrValue>& inputs() const { return inputs_; }
  /// Complete when all inputs are there.
  int64_t output(size_t index) const { return static_cast<int64_t>(inputs_.size() + index); }

 private:
  GraphToIr& g_;
  std::vector<IrValue> inputs_;
  std::map<graph::ValueId, int64_t> captured_;
};

std::vector<IrType> output_types(const GraphToIr& g) {
  std::vector<IrType> types;
  for (size_t i = 0; i < g.output_count(); ++i) types.push_back(g.output_type(i));
  return types;
}

void give_all(GraphToIr& g, const std::vector<IrValue>& values) {
  for (size_t i = 0; i < values.size(); ++i) g.give(i, values[i]);
}

/// The shape of one slice as a body's parameter has it: with a dimension of 1.
std::string sliced_shape(std::string shape, int64_t axis) {
  if (shape == "...") return shape;
  size_t at = 0;
  for (int64_t i = 0; i < axis && at != std::string::npos; ++i) at = shape.find(',', at + 1);
  if (shape.empty()) return "1";
  if (at == std::string::npos) return shape + ",1";
  return at == 0 ? "1," + shape : shape.insert(at, ",1");
}

/// A body that runs again and again, with values that it hands on to its next round.
class RepeatedBody {
 public:
  RepeatedBody(GraphToIr& g, std::vector<IrValue> first_inputs)
      : g_(g), inner_(g.body(0)), ports_(g, std::move(first_inputs)), given_(inner_.graph().inputs) {
    made_.layers = inner_.layers();
  }
  GraphToIr& inner() { return inner_; }
  graph::ValueId input(size_t index) const {
    if (index >= given_.size()) g_.refuse("its body takes fewer values than it is given");
    return given_[index];
  }
  IrValue parameter(graph::ValueId id, const std::string& shape, IrType type) {
    const IrValue made = inner_.out().parameter(inner_.graph().value(id).name, shape, type);
    inner_.bind(id, made);
    return made;
  }
  void carry(graph::ValueId id, IrValue start) {
    const IrValue made = parameter(id, inner_.shape_of(id), inner_.type_of(id));
    made_.inputs.push_back(entry_of(ports_.add(start), layer_of(made)));
    carried_.push_back(layer_of(made));
  }
  void take_round_number(graph::ValueId id) {
    auto entry = entry_of(-1, layer_of(parameter(id, "", "i64")));
    entry.purpose = "current_iteration";
    made_.inputs.push_back(entry);
  }
  void take_slices(graph::ValueId id, IrValue whole, int64_t axis, bool backwards) {
    const IrValue slice = inner_.out().parameter(inner_.graph().value(id).name, sliced_shape(inner_.shape_of(id), axis),
                                                 inner_.type_of(id));
    inner_.bind(id, inner_.out().add("Squeeze", "opset1", {slice, inner_.out().ints({axis})}, {}, inner_.type_of(id)));
    made_.inputs.push_back(sliced(entry_of(ports_.add(whole), layer_of(slice)), axis, backwards));
  }

  void write() {
    if (inner_.graph().outputs.empty() && g_.output_count() > 0) g_.refuse("its body gives nothing");
    inner_.write_nodes();
    ports_.add_captures(inner_, made_.inputs);
  }
  graph::ValueId output(size_t index) const {
    if (index >= inner_.graph().outputs.size()) g_.refuse("its body gives fewer values than are taken");
    return inner_.graph().outputs[index];
  }
  /// Value number `index` of those that are carried, from the body's output.
  void hand_on(size_t index, graph::ValueId id) {
    const int64_t result = inner_.out().body_result(inner_.value(id));
    made_.back_edges.emplace_back(result, carried_.at(index));
    if (index < g_.output_count()) pending_.emplace_back(index, entry_of(0, result));
  }
  /// The same of a value that is no output of the node.
  void hand_on_only(size_t index, graph::ValueId id) {
    made_.back_edges.emplace_back(inner_.out().body_result(inner_.value(id)), carried_.at(index));
  }
  void keep_going_while(graph::ValueId id) {
    auto entry = entry_of(-1, inner_.out().body_result(inner_.value(id)));
    entry.purpose = "execution_condition";
    made_.outputs.push_back(entry);
  }
  /// Output number `index` of the node: what the body gives in each round, joined along a new axis.
  void collect(size_t index, graph::ValueId id, int64_t axis, bool backwards) {
    auto& out = inner_.out();
    const IrValue deeper = out.add("Unsqueeze", "opset1", {inner_.value(id), out.ints({axis})}, {}, inner_.type_of(id));
    pending_.emplace_back(index, sliced(entry_of(0, out.body_result(deeper)), axis, backwards));
  }
  void give(Row row) {
    for (auto& [index, entry] : pending_) {
      entry.outer_port = ports_.output(index);
      made_.outputs.push_back(entry);
    }
    give_all(g_, g_.out().add_with_bodies(row.layer, row.opset, ports_.inputs(), {made_}, output_types(g_)));
  }

 private:
  static IrPortMapEntry sliced(IrPortMapEntry entry, int64_t axis, bool backwards) {
    entry.axis = axis;
    if (backwards) std::tie(entry.start, entry.end, entry.stride) = std::tuple(-1, 0, -1);
    return entry;
  }

  GraphToIr& g_;
  GraphToIr inner_;
  Ports ports_;
  const std::vector<graph::ValueId> given_;
  IrBuiltBody made_;
  Ints carried_;                                            // layers of parameters
  std::vector<std::pair<size_t, IrPortMapEntry>> pending_;  // by output of the node
};

bool is_used(const graph::Graph& graph, graph::ValueId id) {
  const auto takes = [&](const graph::Node& node) {
    if (std::ranges::find(node.inputs, id) != node.inputs.end()) return true;
    return std::ranges::any_of(node.subgraphs, [&](const auto& body) {
      return std::ranges::any_of(body->values, [&](const graph::Value& value) {
        return value.origin == graph::ValueOrigin::captured && value.outer == id;
      });
    });
  };
  return std::ranges::any_of(graph.nodes, takes) || std::ranges::find(graph.outputs, id) != graph.outputs.end();
}

/// Attribute `name` of a Scan as one number for each value.
Ints numbers_of(const GraphToIr& g, std::string_view name, size_t count) {
  Ints numbers = g.list(name, Ints(count, 0));
  if (numbers.size() != count) g.refuse(fmt::format("attribute '{}' needs {} numbers", name, count));
  return numbers;
}

int64_t counted_from_start(const GraphToIr& g, int64_t axis, const graph::ValueType& type) {
  if (axis >= 0) return axis;
  if (!type.rank_known) g.refuse("the rank of what is scanned must be known before it runs");
  return axis + static_cast<int64_t>(type.dims.size());
}

}  // namespace

void ir_put_if(GraphToIr& g, Row row) {
  Ports ports(g, {g.input(0)});
  std::vector<IrBuiltBody> bodies;
  std::vector<Ints> results;
  for (const char* prefix : {"then_", "else_"}) {
    GraphToIr branch = g.body(bodies.size());
    branch.write_nodes();
    IrBuiltBody made{prefix, branch.layers(), {}, {}, {}};
    Ints given;
    for (const graph::ValueId id : branch.graph().outputs) given.push_back(branch.out().body_result(branch.value(id)));
    ports.add_captures(branch, made.inputs);
    bodies.push_back(std::move(made));
    results.push_back(std::move(given));
  }
  for (size_t branch = 0; branch < bodies.size(); ++branch) {
    for (size_t i = 0; i < results[branch].size(); ++i) {
      bodies[branch].outputs.push_back(entry_of(ports.output(i), results[branch][i]));
    }
  }
  give_all(g, g.out().add_with_bodies(row.layer, row.opset, ports.inputs(), std::move(bodies), output_types(g)));
}

// Inputs: how often (-1: without limit), whether at all, then what the body is given.
void ir_put_loop(GraphToIr& g, Row row) {
  const IrValue rounds = g.has(0) ? g.input(0) : g.out().whole(-1);
  const IrValue condition = g.has(1) ? g.input(1) : g.out().small_number("boolean", 1);
  RepeatedBody body(g, {rounds, condition});
  const size_t carried = std::max<size_t>(g.node().inputs.size(), 2) - 2;
  body.take_round_number(body.input(0));
  for (size_t i = 0; i < carried; ++i) body.carry(body.input(i + 2), g.input(i + 2));
  const bool uses_condition = is_used(body.inner().graph(), body.input(1));
  if (uses_condition) body.carry(body.input(1), condition);
  body.write();
  body.keep_going_while(body.output(0));
  for (size_t i = 0; i < carried; ++i) body.hand_on(i, body.output(i + 1));
  for (size_t i = carried; i < g.output_count(); ++i) body.collect(i, body.output(i + 1), 0, false);
  if (uses_condition) body.hand_on_only(carried, body.output(0));
  body.give(row);
}

void ir_put_scan(GraphToIr& g, Row row) {
  const auto scanned = static_cast<size_t>(g.integer("num_scan_inputs", 0));
  const size_t inputs = g.node().inputs.size();
  if (scanned < 1 || scanned > inputs) g.refuse("nothing is scanned");
  const size_t carried = inputs - scanned;
  RepeatedBody body(g, {});
  for (size_t i = 0; i < carried; ++i) body.carry(body.input(i), g.input(i));
  const Ints axes = numbers_of(g, "scan_input_axes", scanned),
             backwards = numbers_of(g, "scan_input_directions", scanned);
  for (size_t i = 0; i < scanned; ++i) {
    const size_t at = carried + i;
    body.take_slices(body.input(at), g.input(at), counted_from_start(g, axes[i], g.type(at)), backwards[i] != 0);
  }
  body.write();
  for (size_t i = 0; i < carried; ++i) body.hand_on(i, body.output(i));
  const size_t joined = g.output_count() - std::min(carried, g.output_count());
  const Ints out_axes = numbers_of(g, "scan_output_axes", joined);
  const Ints out_backwards = numbers_of(g, "scan_output_directions", joined);
  for (size_t i = 0; i < joined; ++i) {
    const size_t at = carried + i;
    body.collect(at, body.output(at), counted_from_start(g, out_axes[i], g.type_of_output(at)), out_backwards[i] != 0);
  }
  body.give(row);
}

}  // namespace adze::formats
