#include "runtime/graph_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "base/error.h"
#include "ops/standard/standard_op.h"

namespace adze::runtime {
namespace {

using graph::Dim;
using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::ValueId;
using graph::ValueKind;
using graph::ValueOrigin;
using ops::HostValue;
using ops::HostValues;

constexpr size_t kAlignment = 16;

HostTensor constant_tensor(const graph::Value& value) {
  std::vector<int64_t> dims;
  for (const Dim& dim : value.type.dims) dims.push_back(dim.constant());
  HostTensor tensor(value.type.storage, std::move(dims));
  std::ranges::copy(value.constant, tensor.fill_bytes().begin());
  return tensor;
}

HostTensor weight_tensor(const model::Tensor& weight) {
  const auto dims = weight.shape.dims();
  std::vector<std::byte> scratch;
  const auto bytes = weight.source->rows(0, weight.shape.row_count(), scratch);
  if (reinterpret_cast<uintptr_t>(bytes.data()) % kAlignment == 0 && scratch.empty()) {
    return HostTensor(weight.storage, {dims.begin(), dims.end()}, weight.source, bytes.data());
  }
  HostTensor tensor(weight.storage, {dims.begin(), dims.end()});
  std::ranges::copy(bytes, tensor.fill_bytes().begin());
  return tensor;
}

/// Values of the graph that a sub-graph, or one inside it, captures.
void collect_captured(const Graph& body, std::vector<ValueId>& captured) {
  for (const graph::Value& value : body.values) {
    if (value.origin == ValueOrigin::captured) captured.push_back(value.outer);
  }
}

std::vector<ValueId> used_values(const Node& node) {
  std::vector<ValueId> used;
  std::ranges::copy_if(node.inputs, std::back_inserter(used), [](ValueId id) { return id != kNoValue; });
  for (const auto& body : node.subgraphs) collect_captured(*body, used);
  return used;
}

/// One value for each symbol.
class SymbolValues {
 public:
  explicit SymbolValues(const Graph& graph) : graph_(graph), values_(graph.symbols.size(), -1) {}

  void check(const graph::Value& input, const HostTensor& tensor) {
    const auto& type = input.type;
    if (type.kind != ValueKind::tensor && type.kind != ValueKind::string) return;
    const bool right_type =
        type.kind == ValueKind::string ? tensor.is_text() : !type.storage || tensor.type() == type.storage;
    if (!right_type || (type.rank_known && type.dims.size() != tensor.rank())) refuse(input, tensor);
    for (size_t i = 0; i < type.dims.size(); ++i) check_dim(input, tensor, i);
  }

 private:
  void check_dim(const graph::Value& input, const HostTensor& tensor, size_t axis) {
    const Dim& dim = input.type.dims[axis];
    if (dim.is_constant() && dim.constant() != tensor.dim(axis)) refuse(input, tensor);
    if (dim.is_constant() || dim.terms().size() != 1) return;
    int64_t& value = values_[dim.terms()[0].first];
    if (value >= 0 && value != tensor.dim(axis)) {
      fail(ErrorCode::bad_input, "input '{}' is {}, but {} is {} already", input.name, tensor.description(),
           graph_.symbols[dim.terms()[0].first].name, value);
    }
    value = tensor.dim(axis);
  }

  [[noreturn]] void refuse(const graph::Value& input, const HostTensor& tensor) const {
    fail(ErrorCode::bad_input, "input '{}' must be {}, not {}", input.name, to_string(input.type, graph_.symbols),
         tensor.description());
  }

  const Graph& graph_;
  std::vector<int64_t> values_;
};

std::string input_names(const Graph& graph) {
  std::string names;
  for (const ValueId id : graph.inputs) names += (names.empty() ? "" : ", ") + graph.value(id).name;
  return names;
}

}  // namespace

/// A graph with what is known before it runs.
struct GraphSession::Plan {
  const Graph* graph;
  HostValues fixed;                                        // constants and weights, by value
  std::vector<std::vector<ValueId>> freed;                 // after each node
  std::vector<std::vector<std::unique_ptr<Plan>>> bodies;  // of each node
};

/// The values of one run of one graph.
struct GraphSession::Scope {
  const Plan& plan;
  HostValues values;
  const Scope* outer;

  const HostValue& value(ValueId id) const {
    const graph::Value& known = plan.graph->value(id);
    if (known.origin == ValueOrigin::captured) return outer->value(known.outer);
    const bool fixed = known.origin == ValueOrigin::constant || known.origin == ValueOrigin::weight;
    return fixed ? plan.fixed[id] : values[id];
  }
};

std::unique_ptr<GraphSession::Plan> GraphSession::plan_of(const Graph& graph, const model::TensorList& weights) {
  auto plan = std::make_unique<Plan>();
  plan->graph = &graph;
  plan->fixed.resize(graph.values.size());
  for (ValueId id = 0; id < graph.values.size(); ++id) {
    const graph::Value& value = graph.value(id);
    if (value.origin == ValueOrigin::constant) plan->fixed[id] = constant_tensor(value);
    if (value.origin == ValueOrigin::weight) plan->fixed[id] = weight_tensor(weights.at(value.name));
  }
  plan->freed.resize(graph.nodes.size());
  plan->bodies.resize(graph.nodes.size());
  std::vector<bool> needed(graph.values.size(), false);
  for (const ValueId id : graph.outputs) needed[id] = true;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    if (!ops::find_standard_op(node.op->name) || ops::find_standard_op(node.op->name) != node.op) {
      fail(ErrorCode::unsupported, "node '{}' ({}) is not a standard op and cannot be run here", node.name,
           node.op->name);
    }
    for (const auto& body : node.subgraphs) plan->bodies[i].push_back(plan_of(*body, weights));
    auto last = used_values(node);
    last.insert(last.end(), node.outputs.begin(), node.outputs.end());
    for (const ValueId id : last) {
      if (!needed[id]) plan->freed[i].push_back(id);
      needed[id] = true;
    }
  }
  return plan;
}

GraphSession::GraphSession(std::shared_ptr<const Graph> graph, const model::TensorList& weights, unsigned threads)
    : graph_(std::move(graph)), plan_(plan_of(*graph_, weights)), pool_(threads) {}

GraphSession::~GraphSession() = default;

void GraphSession::run_node(const Plan& plan, size_t index, Scope& scope) {
  const Node& node = plan.graph->nodes[index];
  HostValues inputs;
  for (const ValueId id : node.inputs) inputs.push_back(id == kNoValue ? HostValue() : scope.value(id));
  const std::function<HostValues(size_t, HostValues)> run_body = [&](size_t body, HostValues values) {
    if (body >= plan.bodies[index].size()) fail(ErrorCode::bad_input, "its sub-graph {} is missing", body);
    return run_graph(*plan.bodies[index][body], std::move(values), &scope);
  };
  auto outputs = ops::evaluate(static_cast<const ops::StandardOp&>(*node.op), {node, inputs, run_body, &pool_});
  if (outputs.size() < node.outputs.size()) {
    fail(ErrorCode::unsupported, "it has {} outputs, but only {} are computed", node.outputs.size(), outputs.size());
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) scope.values[node.outputs[i]] = std::move(outputs[i]);
  for (const ValueId id : plan.freed[index]) scope.values[id] = HostValue();
}

HostValues GraphSession::run_graph(const Plan& plan, HostValues inputs, const Scope* outer) {
  const Graph& graph = *plan.graph;
  if (inputs.size() != graph.inputs.size()) {
    fail(ErrorCode::bad_input, "graph '{}' takes {} inputs, not {}", graph.name, graph.inputs.size(), inputs.size());
  }
  Scope scope{plan, HostValues(graph.values.size()), outer};
  for (size_t i = 0; i < inputs.size(); ++i) scope.values[graph.inputs[i]] = std::move(inputs[i]);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    with_context(fmt::format("node '{}' ({})", graph.nodes[i].name, graph.nodes[i].op->name),
                 [&] { run_node(plan, i, scope); });
  }
  HostValues outputs;
  for (const ValueId id : graph.outputs) outputs.push_back(scope.value(id));
  return outputs;
}

HostValues GraphSession::run(const std::map<std::string, HostValue>& inputs) {
  HostValues values;
  SymbolValues symbols(*graph_);
  for (const ValueId id : graph_->inputs) {
    const graph::Value& input = graph_->value(id);
    const auto given = inputs.find(input.name);
    if (given == inputs.end()) {
      fail(ErrorCode::bad_input, "input '{}' ({}) is missing", input.name, to_string(input.type, graph_->symbols));
    }
    if (given->second.is_tensor()) symbols.check(input, given->second.tensor());
    values.push_back(given->second);
  }
  for (const auto& [name, value] : inputs) {
    const auto known = [&](ValueId id) { return graph_->value(id).name == name; };
    if (std::ranges::none_of(graph_->inputs, known)) {
      fail(ErrorCode::bad_input, "there is no input '{}'; the graph has {}", name, input_names(*graph_));
    }
  }
  return run_graph(*plan_, std::move(values), nullptr);
}

}  // namespace adze::runtime
