// lint: foreign names: OpenVINO, ONNX
// Layers with bodies, and variables.
#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/openvino_ir/ir_families.h"
#include "formats/openvino_ir/ir_importer.h"
#include "formats/openvino_ir/ir_numbers.h"

namespace adze::formats {
namespace {

using graph::ValueId;
using Ints = std::vector<int64_t>;

ValueId input_of_port(IrStep& s, int64_t port) {
  const auto& ports = s.layer().inputs;
  const auto found = std::ranges::find(ports, port, &IrPort::id);
  if (found == ports.end()) fail(ErrorCode::bad_input, "its port map names port {}, which does not exist", port);
  return s.input(static_cast<size_t>(found - ports.begin()));
}

size_t output_of_port(IrStep& s, int64_t port) {
  const auto& ports = s.layer().outputs;
  const auto found = std::ranges::find(ports, port, &IrPort::id);
  if (found == ports.end()) fail(ErrorCode::bad_input, "its port map names port {}, which does not exist", port);
  return static_cast<size_t>(found - ports.begin());
}

const IrBody& body_of(IrStep& s, size_t index) {
  if (index >= s.layer().bodies.size()) fail(ErrorCode::bad_input, "its body {} is missing", index);
  return s.layer().bodies[index];
}

/// A value that the body's graph may give out: one that a node of it computes.
ValueId given_out(IrImporter& body, ValueId value) {
  const bool is_computed = body.graph()->value(value).origin == graph::ValueOrigin::node;
  const auto& outputs = body.graph()->outputs;
  const bool is_given = std::ranges::find(outputs, value) != outputs.end();
  return is_computed && !is_given ? value : body.nodes().add("Identity", {value});
}

std::shared_ptr<graph::Graph> branch(IrStep& s, const IrBody& source) {
  IrImporter body(*source.graph, s.importer().document(), s.importer().weights(), &s.importer());
  for (const IrPortMapEntry& entry : source.inputs) {
    body.bind(entry.inner_layer, body.capture(input_of_port(s, entry.outer_port)));
  }
  body.import();
  std::vector<ValueId> outputs(s.outputs().size(), graph::kNoValue);
  for (const IrPortMapEntry& entry : source.outputs) {
    outputs[output_of_port(s, entry.outer_port)] = body.result(entry.inner_layer);
  }
  for (const ValueId output : outputs) {
    if (output == graph::kNoValue) fail(ErrorCode::bad_input, "a branch does not give all outputs");
    const ValueId given = given_out(body, output);
    body.graph()->outputs.push_back(given);
  }
  return body.graph();
}

/// One loop on its way to the standard's: a count, a condition, values that are carried from round to round, and
/// values of all rounds.
class LoopPlan {
 public:
  explicit LoopPlan(IrStep& step)
      : s_(step),
        source_(body_of(step, 0)),
        body_(*source_.graph, step.importer().document(), step.importer().weights(), &step.importer()) {}

  /// `limit` and `condition`: of the standard's Loop; kNoValue: none.
  void put(ValueId limit, ValueId condition) {
    round_ = body_.nodes().input("round", graph::ValueType::tensor(&codecs::i64.info, {}));
    body_.nodes().input("condition", graph::ValueType::tensor(&codecs::boolean.info, {}));
    StandardNodes::Values inputs{limit, condition};
    bind_carried(inputs);
    bind_others();
    body_.import();
    add_condition();
    for (const auto& [result, parameter] : source_.back_edges) give(body_.result(result));
    collect_outputs();
    const size_t carried = source_.back_edges.size();
    const auto made = s_.nodes().add_with_bodies("Loop", inputs, {body_.graph()}, carried + stacked_.size());
    give_outputs(made);
  }

 private:
  struct Stacked {
    const IrPortMapEntry* entry;
  };

  void give(ValueId value) {
    const ValueId given = given_out(body_, value);
    body_.graph()->outputs.push_back(given);
  }

  const IrLayer& parameter(int64_t id) const {
    const auto& layers = source_.graph->layers;
    const auto found = std::ranges::find(layers, id, &IrLayer::id);
    if (found == layers.end() || found->outputs.size() != 1) {
      fail(ErrorCode::bad_input, "its port map names layer {} of the body, which is no parameter", id);
    }
    return *found;
  }

  graph::ValueType type_of_parameter(int64_t id, StorageType storage) const {
    graph::ValueType type{graph::ValueKind::tensor, storage, {}, false, nullptr};
    const IrLayer& layer = parameter(id);
    const auto shape = layer.attributes.find("shape");
    const auto dims = shape == layer.attributes.end() ? std::nullopt : ir_dims(shape->second);
    if (!dims) return type;
    type.rank_known = true;
    for (const int64_t dim : *dims) type.dims.push_back(dim < 0 ? graph::Dim::unknown() : graph::Dim(dim));
    return type;
  }

  void bind_carried(StandardNodes::Values& inputs) {
    for (const auto& edge : source_.back_edges) {
      const auto start = std::ranges::find(source_.inputs, edge.second, &IrPortMapEntry::inner_layer);
      if (start == source_.inputs.end()) fail(ErrorCode::bad_input, "a value that is carried has no beginning");
      const ValueId first = input_of_port(s_, start->outer_port);
      inputs.push_back(first);
      body_.bind(edge.second,
                 body_.nodes().input("carried", type_of_parameter(edge.second, s_.nodes().storage(first))));
      carried_.push_back(edge.second);
    }
  }

  void bind_others() {
    for (const IrPortMapEntry& entry : source_.inputs) {
      if (std::ranges::find(carried_, entry.inner_layer) != carried_.end()) continue;
      body_.bind(entry.inner_layer, value_inside(entry));
    }
  }

  ValueId value_inside(const IrPortMapEntry& entry) {
    auto& n = body_.nodes();
    if (entry.purpose == "current_iteration" || entry.outer_port < 0) {
      const IrLayer& layer = parameter(entry.inner_layer);
      const auto type = layer.attributes.find("element_type");
      const auto cast = n.cast(round_, storage_of_ir(type == layer.attributes.end() ? "i64" : type->second));
      const auto dims = type_of_parameter(entry.inner_layer, nullptr);
      return dims.rank_known && dims.dims.size() == 1 ? n.reshape(cast, {1}) : cast;
    }
    const ValueId whole = body_.capture(input_of_port(s_, entry.outer_port));
    return entry.axis ? part_of(whole, entry) : whole;
  }

  /// A boundary of the line: counted from its end when negative, where -1 is the end itself.
  static ValueId boundary(StandardNodes& n, ValueId x, int64_t axis, int64_t place) {
    return place >= 0 ? n.ints({place}) : n.add("Add", {n.length(x, axis), n.ints({place + 1})});
  }

  ValueId part_of(ValueId x, const IrPortMapEntry& entry) {
    auto& n = body_.nodes();
    const int64_t axis = *entry.axis;
    ValueId begin = n.add("Add", {boundary(n, x, axis, entry.start), n.add("Mul", {round_, n.whole(entry.stride)})});
    if (entry.stride < 0) begin = n.add("Sub", {begin, n.whole(entry.part_size)});
    if (entry.part_size == 1) return n.add("Gather", {x, begin}, {{"axis", axis}});
    const ValueId end = n.add("Add", {begin, n.whole(entry.part_size)});
    return n.add("Slice", {x, begin, end, n.ints({axis})});
  }

  void add_condition() {
    for (const IrPortMapEntry& entry : source_.outputs) {
      if (entry.purpose != "execution_condition") continue;
      const ValueId condition = body_.result(entry.inner_layer);
      return give(body_.nodes().rank(condition) == 0 ? condition : body_.nodes().reshape(condition, {}));
    }
    give(body_.nodes().flag(true));
  }

  std::optional<size_t> carried_index(int64_t result) const {
    const auto& edges = source_.back_edges;
    const auto found = std::ranges::find(edges, result, &std::pair<int64_t, int64_t>::first);
    return found == edges.end() ? std::nullopt : std::optional(static_cast<size_t>(found - edges.begin()));
  }

  void collect_outputs() {
    for (const IrPortMapEntry& entry : source_.outputs) {
      if (entry.outer_port < 0 || (!entry.axis && carried_index(entry.inner_layer))) continue;
      if (entry.axis && entry.part_size != 1) s_.refuse("parts of more than one slice are joined");
      const ValueId value = body_.result(entry.inner_layer);
      give(entry.axis ? body_.nodes().squeeze(value, {*entry.axis}) : value);
      stacked_.push_back({&entry});
    }
  }

  void give_outputs(const StandardNodes::Values& made) {
    for (const IrPortMapEntry& entry : source_.outputs) {
      if (entry.outer_port < 0 || entry.axis) continue;
      if (const auto index = carried_index(entry.inner_layer))
        s_.give(output_of_port(s_, entry.outer_port), made[*index]);
    }
    for (size_t i = 0; i < stacked_.size(); ++i) {
      const IrPortMapEntry& entry = *stacked_[i].entry;
      s_.give(output_of_port(s_, entry.outer_port), joined(made[source_.back_edges.size() + i], entry));
    }
  }

  /// Of all rounds, [rounds, …], or of the last.
  ValueId joined(ValueId rounds, const IrPortMapEntry& entry) {
    auto& n = s_.nodes();
    if (!entry.axis) return n.add("Gather", {rounds, n.whole(-1)}, {{"axis", int64_t{0}}});
    if (entry.stride < 0) rounds = n.slice(rounds, 0, -1, std::numeric_limits<int64_t>::min() + 1, -1);
    if (*entry.axis == 0) return rounds;
    const auto& dims = s_.layer().outputs[output_of_port(s_, entry.outer_port)].dims;
    if (!dims) return moved_first(rounds, *entry.axis);
    const auto axis = static_cast<int64_t>(ops::checked_axis(*entry.axis, dims->size()));
    Ints order(dims->size());
    std::iota(order.begin(), order.end(), 0);
    std::rotate(order.begin(), order.begin() + 1, order.begin() + axis + 1);
    return n.transpose(rounds, order);
  }

  /// The first axis as another, whatever the rank: [rounds, before, behind] turned.
  ValueId moved_first(ValueId rounds, int64_t axis) {
    auto& n = s_.nodes();
    if (axis < 0) s_.refuse("the rank of what is joined must be known before it runs");
    const ValueId shape = n.add("Shape", {rounds});
    const ValueId count = n.slice(shape, 0, 0, 1), before = n.slice(shape, 0, 1, 1 + axis),
                  behind = n.slice(shape, 0, 1 + axis, std::numeric_limits<int64_t>::max());
    const ValueId size = n.reshape(n.add("ReduceProd", {before}, {{"keepdims", int64_t{0}}}), {1});
    const ValueId flat = n.add("Reshape", {rounds, n.concat({count, size, n.ints({-1})}, 0)});
    return n.add("Reshape", {n.transpose(flat, {1, 0, 2}), n.concat({before, count, behind}, 0)},
                 {{"allowzero", int64_t{1}}});
  }

  IrStep& s_;
  const IrBody& source_;
  IrImporter body_;
  ValueId round_ = graph::kNoValue;
  Ints carried_;
  std::vector<Stacked> stacked_;
};

/// How many slices the first sliced input of a TensorIterator has.
ValueId rounds_of(IrStep& s) {
  auto& n = s.nodes();
  for (const IrPortMapEntry& entry : body_of(s, 0).inputs) {
    if (!entry.axis) continue;
    if (entry.stride == 0) fail(ErrorCode::bad_input, "slices lie 0 apart");
    const ValueId x = input_of_port(s, entry.outer_port), length = n.length(x, *entry.axis);
    const auto boundary = [&](int64_t place) {
      return place >= 0 ? n.ints({place}) : n.add("Add", {length, n.ints({place + 1})});
    };
    const ValueId span = n.add("Abs", {n.add("Sub", {boundary(entry.end), boundary(entry.start)})});
    return n.reshape(n.add("Div", {span, n.whole(std::abs(entry.stride))}), {});
  }
  s.refuse("no input is sliced, so nothing says how often the body runs");
}

}  // namespace

void ir_if(IrStep& s, IrName op) {
  const auto made = s.nodes().add_with_bodies(op, {s.input(0)}, {branch(s, body_of(s, 0)), branch(s, body_of(s, 1))},
                                              s.outputs().size());
  for (size_t i = 0; i < made.size(); ++i) s.give(i, made[i]);
}

// Inputs: how often (-1: without limit), whether at all, what the body is given.
void ir_loop(IrStep& s, IrName) {
  auto& n = s.nodes();
  const auto limit = n.one_number(s.input(0));
  const ValueId count = n.reshape(n.cast(s.input(0), &codecs::i64.info), {});
  const ValueId most = n.whole(std::numeric_limits<int64_t>::max());
  ValueId rounds = count;
  if (!limit || *limit < 0) rounds = n.add("Where", {n.add("Less", {count, n.whole(0)}), most, count});
  LoopPlan(s).put(rounds, n.reshape(s.input(1), {}));
}

void ir_tensor_iterator(IrStep& s, IrName) { LoopPlan(s).put(rounds_of(s), graph::kNoValue); }

void ir_read_value(IrStep& s, IrName) { s.give(s.importer().read_variable(s)); }

void ir_assign(IrStep& s, IrName) {
  s.importer().assign_variable(s);
  s.give(s.input(0));
}

}  // namespace adze::formats
