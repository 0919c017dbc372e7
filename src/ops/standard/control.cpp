// Sub-graphs that run sometimes, or again and again.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/join_tensors.h"
#include "ops/standard/op_families.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

const graph::Graph& body_of(const graph::Node& node, size_t index) {
  if (index >= node.subgraphs.size() || !node.subgraphs[index]) {
    fail(ErrorCode::bad_input, "its sub-graph {} is missing", index);
  }
  return *node.subgraphs[index];
}

HostValues evaluate_if(const StandardCall& call) { return call.run_body(read_flag(call.tensor(0)) ? 0 : 1, {}); }

/// What the rounds of a loop produced for one output, joined along a new first axis.
HostTensor stack_rounds(const HostSequence& rounds, const graph::ValueType& type) {
  if (!rounds.empty()) return join_tensors(rounds, 0, true);
  std::vector<int64_t> dims{0};
  for (const graph::Dim& dim : type.dims) dims.push_back(dim.is_constant() ? dim.constant() : 0);
  return zeros(type.storage ? type.storage : &codecs::f32.info, dims);
}

HostValues evaluate_loop(const StandardCall& call) {
  const graph::Graph& body = body_of(call.node, 0);
  const int64_t limit = call.has(0) ? read_integer(call.tensor(0)) : INT64_MAX;
  bool goes_on = !call.has(1) || read_flag(call.tensor(1));
  HostValues carried;
  for (size_t i = 2; i < call.inputs.size(); ++i) carried.push_back(call.inputs[i]);
  if (body.inputs.size() != carried.size() + 2 || body.outputs.size() < carried.size() + 1) {
    fail(ErrorCode::bad_input, "its body does not take and give the {} values that it carries", carried.size());
  }
  std::vector<HostSequence> rounds(body.outputs.size() - 1 - carried.size());
  for (int64_t round = 0; round < limit && goes_on; ++round) {
    HostValues inputs{integer_scalar(round), flag_scalar(goes_on)};
    inputs.insert(inputs.end(), carried.begin(), carried.end());
    auto outputs = call.run_body(0, std::move(inputs));
    goes_on = read_flag(outputs[0].tensor());
    for (size_t i = 0; i < carried.size(); ++i) carried[i] = outputs[i + 1];
    for (size_t i = 0; i < rounds.size(); ++i) rounds[i].push_back(outputs[i + 1 + carried.size()].tensor());
  }
  for (size_t i = 0; i < rounds.size(); ++i) {
    const graph::ValueId output = body.outputs[body.outputs.size() - rounds.size() + i];
    carried.push_back(stack_rounds(rounds[i], body.value(output).type));
  }
  return carried;
}

/// The attribute as one number for each scanned value, 0 where it is absent.
std::vector<int64_t> per_scan(const StandardCall& call, std::string_view name, size_t count) {
  auto numbers = call.integers(name).value_or(std::vector<int64_t>(count, 0));
  if (numbers.size() != count) fail(ErrorCode::bad_input, "attribute '{}' needs {} numbers", name, count);
  return numbers;
}

HostTensor slice_at(const HostTensor& x, size_t axis, int64_t index) {
  StridedView view{x.dims(), strides_of(x.dims()), 0};
  view.offset = index * view.strides[axis];
  view.dims.erase(view.dims.begin() + static_cast<std::ptrdiff_t>(axis));
  view.strides.erase(view.strides.begin() + static_cast<std::ptrdiff_t>(axis));
  return copy_view(x, view);
}

/// The scanned inputs of a Scan, and how often its body runs.
struct ScannedInputs {
  std::vector<size_t> axes;
  std::vector<bool> backwards;
  int64_t rounds = 0;
};

ScannedInputs scanned_inputs(const StandardCall& call, size_t first, size_t count) {
  ScannedInputs scanned;
  const auto axes = per_scan(call, "scan_input_axes", count),
             backwards = per_scan(call, "scan_input_directions", count);
  for (size_t i = 0; i < count; ++i) {
    const HostTensor& x = call.tensor(first + i);
    scanned.axes.push_back(checked_axis(axes[i], x.rank()));
    scanned.backwards.push_back(backwards[i] != 0);
    const int64_t length = x.dim(scanned.axes.back());
    if (i > 0 && length != scanned.rounds)
      fail(ErrorCode::bad_input, "scanned inputs have {} and {} slices", scanned.rounds, length);
    scanned.rounds = length;
  }
  return scanned;
}

HostTensor scan_output(const StandardCall& call, HostSequence rounds, size_t index, size_t count,
                       const graph::ValueType& type) {
  if (per_scan(call, "scan_output_directions", count)[index] != 0) std::ranges::reverse(rounds);
  if (rounds.empty()) return stack_rounds(rounds, type);
  const size_t axis = checked_axis(per_scan(call, "scan_output_axes", count)[index], rounds[0].rank() + 1);
  return join_tensors(rounds, axis, true);
}

HostValues evaluate_scan(const StandardCall& call) {
  const graph::Graph& body = body_of(call.node, 0);
  const int64_t given = call.integer("num_scan_inputs");
  if (given < 1 || given > static_cast<int64_t>(call.inputs.size())) {
    fail(ErrorCode::bad_input, "attribute 'num_scan_inputs' is {}", given);
  }
  const auto count = static_cast<size_t>(given), states = call.inputs.size() - count;
  if (body.inputs.size() != call.inputs.size() || body.outputs.size() < states) {
    fail(ErrorCode::bad_input, "its body does not take its {} inputs", call.inputs.size());
  }
  const auto scanned = scanned_inputs(call, states, count);
  HostValues carried(call.inputs.begin(), call.inputs.begin() + static_cast<std::ptrdiff_t>(states));
  std::vector<HostSequence> rounds(body.outputs.size() - states);
  for (int64_t round = 0; round < scanned.rounds; ++round) {
    HostValues inputs = carried;
    for (size_t i = 0; i < count; ++i) {
      const int64_t at = scanned.backwards[i] ? scanned.rounds - 1 - round : round;
      inputs.push_back(slice_at(call.tensor(states + i), scanned.axes[i], at));
    }
    auto outputs = call.run_body(0, std::move(inputs));
    for (size_t i = 0; i < states; ++i) carried[i] = outputs[i];
    for (size_t i = 0; i < rounds.size(); ++i) rounds[i].push_back(outputs[states + i].tensor());
  }
  for (size_t i = 0; i < rounds.size(); ++i) {
    carried.push_back(scan_output(call, rounds[i], i, rounds.size(), body.value(body.outputs[states + i]).type));
  }
  return carried;
}

/// SequenceMap: its body runs for each item of the first input.
HostValues evaluate_sequence_map(const StandardCall& call) {
  if (!call.has(0)) fail(ErrorCode::bad_input, "input 0 is missing");
  const size_t length = call.inputs[0].sequence().size();
  std::vector<HostSequence> mapped(body_of(call.node, 0).outputs.size());
  for (size_t at = 0; at < length; ++at) {
    HostValues inputs;
    for (const HostValue& input : call.inputs) {
      if (input.is_tensor()) {
        inputs.push_back(input);
      } else if (at < input.sequence().size()) {
        inputs.push_back(input.sequence()[at]);
      } else {
        fail(ErrorCode::bad_input, "sequences have {} and {} items", length, input.sequence().size());
      }
    }
    const auto outputs = call.run_body(0, std::move(inputs));
    for (size_t i = 0; i < mapped.size(); ++i) mapped[i].push_back(outputs[i].tensor());
  }
  return {mapped.begin(), mapped.end()};
}

bool is_unknown(const graph::ValueType& type) {
  return type.kind == graph::ValueKind::tensor && !type.storage && !type.rank_known;
}

/// What two branches agree on.
graph::ValueType common_type(const graph::ValueType& a, const graph::ValueType& b) {
  if (a.kind != b.kind) {
    // An optional's value may come without the optional around it.
    const auto& optional = a.kind == graph::ValueKind::optional ? a : b;
    if (optional.kind == graph::ValueKind::optional) return optional;
    fail(ErrorCode::bad_input, "its branches give values of different kinds");
  }
  // Of two optionals, one may be empty and not know of what.
  auto type = a.element && b.element && is_unknown(*a.element) ? b : a;
  if (a.storage != b.storage) type.storage = nullptr;
  if (!a.rank_known || !b.rank_known || a.dims.size() != b.dims.size()) {
    type.dims.clear();
    type.rank_known = false;
  }
  for (size_t i = 0; i < type.dims.size(); ++i) {
    if (!(a.dims[i].is_constant() && a.dims[i] == b.dims[i])) type.dims[i] = graph::Dim::unknown();
  }
  return type;
}

/// A type of a sub-graph as the graph around it may know it: symbols are not shared.
graph::ValueType outside(graph::ValueType type) {
  for (graph::Dim& dim : type.dims) {
    if (!dim.is_constant()) dim = graph::Dim::unknown();
  }
  if (type.element) type.element = std::make_shared<const graph::ValueType>(outside(*type.element));
  return type;
}

graph::ValueType output_type(const graph::Graph& body, size_t output) {
  if (output >= body.outputs.size() || body.outputs[output] >= body.values.size()) {
    fail(ErrorCode::bad_input, "sub-graph '{}' has no output {}", body.name, output);
  }
  return outside(body.value(body.outputs[output]).type);
}

Types infer_if(const graph::NodeTypes& node) {
  Types types;
  for (size_t i = 0; i < node.node.outputs.size(); ++i) {
    types.push_back(common_type(output_type(body_of(node.node, 0), i), output_type(body_of(node.node, 1), i)));
  }
  return types;
}

graph::ValueType without_dims(graph::ValueType type) {
  if (type.kind == graph::ValueKind::tensor || type.kind == graph::ValueKind::string) {
    type.dims.clear();
    type.rank_known = false;
  }
  return type;
}

/// Values that are carried may change their shape from round to round.
Types infer_rounds(const graph::NodeTypes& node, size_t skipped) {
  Types types;
  for (size_t i = 0; i < node.node.outputs.size(); ++i) {
    types.push_back(without_dims(output_type(body_of(node.node, 0), i + skipped)));
  }
  return types;
}

Types infer_loop(const graph::NodeTypes& node) { return infer_rounds(node, 1); }
Types infer_scan(const graph::NodeTypes& node) { return infer_rounds(node, 0); }

Types infer_sequence_map(const graph::NodeTypes& node) {
  Types types;
  for (const auto& item : infer_rounds(node, 0)) {
    auto type = graph::ValueType::of_kind(graph::ValueKind::sequence);
    type.element = std::make_shared<const graph::ValueType>(item);
    types.push_back(type);
  }
  return types;
}

constexpr auto kAsIs = NarrowFloats::as_is;

constexpr std::array kOps = {
    StandardOp{{"If", "one of two sub-graphs", infer_if}, evaluate_if, kAsIs},
    StandardOp{{"Loop", "a sub-graph again and again", infer_loop}, evaluate_loop, kAsIs},
    StandardOp{{"Scan", "a sub-graph for each slice", infer_scan}, evaluate_scan, kAsIs},
    StandardOp{{"SequenceMap", "a sub-graph for each item", infer_sequence_map}, evaluate_sequence_map, kAsIs},
};

}  // namespace

std::span<const StandardOp> control_ops() { return kOps; }

}  // namespace adze::ops
