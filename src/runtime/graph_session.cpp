#include "runtime/graph_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "base/clock.h"
#include "base/error.h"
#include "base/pinned_isa.h"
#include "graph/rewrite.h"
#include "ops/standard/standard_op.h"
#include "passes/constant_tensors.h"
#include "passes/pass.h"

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

std::shared_ptr<const Graph> optimized(const Graph& graph, model::TensorList& weights) {
  auto copy = std::make_shared<Graph>(graph::deep_copy(graph));
  passes::PassOptions options;
  options.weights = &weights;
  passes::run_passes(*copy, passes::standard_pipeline(), options);
  passes::run_passes(*copy, passes::layout_pipeline(), options);
  return copy;
}

/// Dimensions of all tensors, one after the other.
std::vector<int64_t> shapes_of(const std::map<std::string, HostValue>& inputs) {
  std::vector<int64_t> shapes;
  for (const auto& [name, value] : inputs) {
    if (!value.is_tensor()) continue;
    const auto& dims = value.tensor().dims();
    shapes.push_back(static_cast<int64_t>(dims.size()));
    shapes.insert(shapes.end(), dims.begin(), dims.end());
  }
  return shapes;
}

std::string input_names(const Graph& graph) {
  std::string names;
  for (const ValueId id : graph.inputs) names += (names.empty() ? "" : ", ") + graph.value(id).name;
  return names;
}

void require_known(const Graph& graph, const std::map<std::string, HostValue>& inputs) {
  for (const auto& [name, value] : inputs) {
    const auto known = [&](ValueId id) { return graph.value(id).name == name; };
    if (std::ranges::any_of(graph.inputs, known)) continue;
    fail(ErrorCode::bad_input, "there is no input '{}'; the graph has {}", name, input_names(graph));
  }
}

}  // namespace

/// An input of a node that is another in every run.
struct GraphSession::InputMove {
  size_t to;     // its number
  ValueId from;  // a value of the graph, or a captured one
  bool is_last;  // nobody uses the value afterwards
};

/// A graph with what is known before it runs.
struct GraphSession::Plan {
  const Graph* graph;
  const Plan* outer;                                       // of the graph around
  HostValues fixed;                                        // constants and weights, by value
  HostValues running;                                      // by value, of a run; nothing between runs
  std::vector<std::vector<ValueId>> freed;                 // after each node
  std::vector<ops::NodeMemory> memories;                   // of each node
  std::vector<HostValues> inputs;                          // of each node; those that are always the same stay
  std::vector<std::vector<InputMove>> moves;               // of each node: the other inputs
  std::vector<std::vector<std::unique_ptr<Plan>>> bodies;  // of each node

  /// The same in every run.
  bool is_fixed(ValueId id) const {
    if (id == kNoValue) return false;
    const graph::Value& value = graph->value(id);
    if (value.origin == ValueOrigin::captured) return outer && outer->is_fixed(value.outer);
    return value.origin == ValueOrigin::constant || value.origin == ValueOrigin::weight;
  }

  /// REQUIRES: nodes before it are prepared, and it is known what is freed behind it.
  void prepare_inputs(size_t index) {
    const Node& node = graph->nodes[index];
    HostValues values(node.inputs.size());
    std::vector<InputMove> others;
    std::vector<ValueId> captured;
    for (const auto& body : node.subgraphs) collect_captured(*body, captured);
    for (size_t i = 0; i < values.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id == kNoValue) continue;
      const auto origin = graph->value(id).origin;
      if (origin == ValueOrigin::constant || origin == ValueOrigin::weight) {
        values[i] = fixed[id];
        continue;
      }
      const bool ends_here = std::ranges::find(freed[index], id) != freed[index].end();
      const bool again = std::find(node.inputs.begin() + static_cast<std::ptrdiff_t>(i) + 1, node.inputs.end(), id) !=
                         node.inputs.end();
      const bool in_body = std::ranges::find(captured, id) != captured.end();
      others.push_back({i, id, ends_here && !again && !in_body && origin != ValueOrigin::captured});
    }
    inputs.push_back(std::move(values));
    moves.push_back(std::move(others));
  }

  std::vector<bool> fixed_inputs(const Node& node) const {
    std::vector<bool> known;
    for (const ValueId id : node.inputs) known.push_back(is_fixed(id));
    return known;
  }
};

/// The values of one run of one graph.
struct GraphSession::Scope {
  Plan& plan;
  const Scope* outer;
  HostValues& values;

  Scope(Plan& of, const Scope* around) : plan(of), outer(around), values(of.running) {}
  ~Scope() { std::ranges::fill(values, HostValue()); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  const HostValue& value(ValueId id) const {
    const graph::Value& known = plan.graph->value(id);
    if (known.origin == ValueOrigin::captured) return outer->value(known.outer);
    const bool fixed = known.origin == ValueOrigin::constant || known.origin == ValueOrigin::weight;
    return fixed ? plan.fixed[id] : values[id];
  }
};

/// Inputs of a node while it is computed.
class GraphSession::MovedInputs {
 public:
  MovedInputs(HostValues& inputs, const std::vector<InputMove>& moves, Scope& scope) : inputs_(inputs), moves_(moves) {
    for (const InputMove& input : moves) {
      // The last use of a value takes it, so that nothing is copied, and an op may write over it.
      inputs[input.to] = input.is_last ? std::move(scope.values[input.from]) : scope.value(input.from);
    }
  }
  ~MovedInputs() {
    for (const InputMove& input : moves_) inputs_[input.to] = HostValue();
  }
  MovedInputs(const MovedInputs&) = delete;
  MovedInputs& operator=(const MovedInputs&) = delete;

 private:
  HostValues& inputs_;
  const std::vector<InputMove>& moves_;
};

std::unique_ptr<GraphSession::Plan> GraphSession::plan_of(const Graph& graph, const model::TensorList& weights,
                                                          const Plan* outer) {
  auto plan = std::make_unique<Plan>();
  plan->graph = &graph;
  plan->outer = outer;
  plan->fixed.resize(graph.values.size());
  plan->running.resize(graph.values.size());
  for (ValueId id = 0; id < graph.values.size(); ++id) {
    const graph::Value& value = graph.value(id);
    if (value.origin == ValueOrigin::constant) plan->fixed[id] = passes::tensor_of_constant(value);
    if (value.origin == ValueOrigin::weight) plan->fixed[id] = passes::tensor_of_weight(weights.at(value.name));
  }
  plan->freed.resize(graph.nodes.size());
  for (const Node& node : graph.nodes) plan->memories.push_back({plan->fixed_inputs(node), nullptr, {}, nullptr});
  plan->bodies.resize(graph.nodes.size());
  std::vector<bool> needed(graph.values.size(), false);
  for (const ValueId id : graph.outputs) needed[id] = true;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    if (!ops::find_standard_op(node.op->name) || ops::find_standard_op(node.op->name) != node.op) {
      fail(ErrorCode::unsupported, "node '{}' ({}) is not a standard op and cannot be run here", node.name,
           node.op->name);
    }
    for (const auto& body : node.subgraphs) plan->bodies[i].push_back(plan_of(*body, weights, plan.get()));
    auto last = used_values(node);
    last.insert(last.end(), node.outputs.begin(), node.outputs.end());
    for (const ValueId id : last) {
      if (!needed[id]) plan->freed[i].push_back(id);
      needed[id] = true;
    }
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i) plan->prepare_inputs(i);
  return plan;
}

GraphSession::GraphSession(std::shared_ptr<const Graph> graph, model::TensorList weights, GraphSessionOptions options)
    : graph_(options.optimize ? optimized(*graph, weights) : std::move(graph)),
      plan_(plan_of(*graph_, weights, nullptr)),
      pool_(options.threads),
      progress_(options.progress ? *options.progress : no_progress()) {}

GraphSession::~GraphSession() = default;

void GraphSession::run_node(Plan& plan, size_t index, Scope& scope) {
  const Node& node = plan.graph->nodes[index];
  auto outputs = [&] {
    const MovedInputs inputs(plan.inputs[index], plan.moves[index], scope);
    return evaluated(plan, index, scope);
  }();
  if (outputs.size() < node.outputs.size()) {
    fail(ErrorCode::unsupported, "it has {} outputs, but only {} are computed", node.outputs.size(), outputs.size());
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) scope.values[node.outputs[i]] = std::move(outputs[i]);
  for (const ValueId id : plan.freed[index]) scope.values[id] = HostValue();
}

HostValues GraphSession::evaluated(Plan& plan, size_t index, Scope& scope) {
  static const std::function<HostValues(size_t, HostValues)> no_body;
  const Node& node = plan.graph->nodes[index];
  const auto& op = static_cast<const ops::StandardOp&>(*node.op);
  ops::NodeMemory* memory = &plan.memories[index];
  if (node.subgraphs.empty()) return ops::evaluate(op, {node, plan.inputs[index], no_body, &pool_, memory, true});
  const std::function<HostValues(size_t, HostValues)> run_body = [&](size_t body, HostValues values) {
    if (body >= plan.bodies[index].size()) fail(ErrorCode::bad_input, "its sub-graph {} is missing", body);
    return run_graph(*plan.bodies[index][body], std::move(values), &scope);
  };
  return ops::evaluate(op, {node, plan.inputs[index], run_body, &pool_, memory, true});
}

HostValues GraphSession::run_graph(Plan& plan, HostValues inputs, const Scope* outer) {
  const Graph& graph = *plan.graph;
  if (inputs.size() != graph.inputs.size()) {
    fail(ErrorCode::bad_input, "graph '{}' takes {} inputs, not {}", graph.name, graph.inputs.size(), inputs.size());
  }
  Scope scope(plan, outer);
  for (size_t i = 0; i < inputs.size(); ++i) scope.values[graph.inputs[i]] = std::move(inputs[i]);
  const bool measures = node_ns_ && &plan == plan_.get();
  if (measures) node_ns_->resize(graph.nodes.size(), 0);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    throw_if_cancelled(progress_);
    const int64_t start = measures ? now_ns() : 0;
    try {
      run_node(plan, i, scope);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::cancelled) throw;  // inside a body: no fault of the node
      fail(error.code(), "node '{}' ({}): {}", graph.nodes[i].name, graph.nodes[i].op->name, error.what());
    }
    if (measures) (*node_ns_)[i] += now_ns() - start;
  }
  HostValues outputs;
  for (const ValueId id : graph.outputs) outputs.push_back(scope.value(id));
  return outputs;
}

HostValues GraphSession::run(const std::map<std::string, HostValue>& inputs) {
  throw_if_cancelled(progress_);  // also where passes left no node
  const PinnedIsa isa;
  const TensorMemory::Run run(memory_, shapes_of(inputs));
  require_known(*graph_, inputs);  // first: a misspelt name also lets another be missing
  HostValues values;
  SymbolValues symbols(*graph_);
  for (const ValueId id : graph_->inputs) {
    const graph::Value& input = graph_->value(id);
    const auto given = inputs.find(input.name);
    if (given == inputs.end() && input.type.kind == ValueKind::optional) {
      values.emplace_back();
      continue;
    }
    if (given == inputs.end()) {
      fail(ErrorCode::bad_input, "input '{}' ({}) is missing", input.name, to_string(input.type, graph_->symbols));
    }
    if (given->second.is_tensor()) symbols.check(input, given->second.tensor());
    values.push_back(given->second);
  }
  return run_graph(*plan_, std::move(values), nullptr);
}

}  // namespace adze::runtime
