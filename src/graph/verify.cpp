#include <fmt/format.h>

#include <string_view>
#include <unordered_set>

#include "base/error.h"
#include "graph/effect_order.h"
#include "graph/graph.h"
#include "graph/problem_list.h"
#include "tensor/shape.h"

namespace adze::graph {
namespace {

/// What a sub-graph may capture: the values of the enclosing graph that exist when its node runs.
struct Enclosing {
  const Graph* graph = nullptr;
  const std::vector<bool>* defined = nullptr;
};

class Verifier {
 public:
  Verifier(const Graph& graph, Enclosing enclosing, ProblemList& problems, int depth)
      : graph_(graph), enclosing_(enclosing), problems_(problems), depth_(depth), defined_(graph.values.size()) {}

  /// Returns whether every id is in range.
  bool check() {
    check_symbols();
    check_values();
    check_inputs();
    check_nodes();
    check_outputs();
    if (ids_valid_) check_effect_order(graph_, problems_);
    return ids_valid_;
  }

 private:
  bool in_range(ValueId id) const { return id < graph_.values.size(); }
  const Value& value(ValueId id) const { return graph_.values[id]; }

  template <typename... Args>
  void bad_id(fmt::format_string<Args...> format, Args&&... args) {
    ids_valid_ = false;
    problems_.add(format, std::forward<Args>(args)...);
  }

  void check_symbols() {
    std::unordered_set<std::string_view> names;
    for (const Symbol& symbol : graph_.symbols) {
      if (symbol.name.empty()) problems_.add("a symbol has no name");
      if (!names.insert(symbol.name).second) problems_.add("symbol '{}' exists twice", symbol.name);
      if (symbol.minimum < 0 || symbol.minimum > symbol.maximum) {
        problems_.add("symbol '{}' has the impossible bounds {}..{}", symbol.name, symbol.minimum, symbol.maximum);
      }
    }
  }

  void check_values() {
    std::unordered_set<std::string_view> names;
    for (ValueId id = 0; id < graph_.values.size(); ++id) {
      const Value& value = graph_.values[id];
      if (value.name.empty()) problems_.add("value {} has no name", id);
      if (!names.insert(value.name).second) problems_.add("value '{}' exists twice", value.name);
      check_type(value.name, value.type, 0);
      check_origin(value);
      defined_[id] = value.origin != ValueOrigin::node && value.origin != ValueOrigin::input;
    }
  }

  void check_type(const std::string& name, const ValueType& type, int depth) {
    const bool has_element = type.kind == ValueKind::sequence || type.kind == ValueKind::optional;
    const bool has_dims = !has_element && type.kind != ValueKind::effect;
    if (depth > kMaxTypeDepth) return problems_.add("value '{}' has a type that is nested too deep", name);
    if (has_element != (type.element != nullptr)) {
      problems_.add("value '{}': only a sequence or optional has, and needs, an element type", name);
    }
    if (!type.dims.empty() && !(has_dims && type.rank_known))
      problems_.add("value '{}' must not have dimensions", name);
    for (const Dim& dim : type.dims) check_dim(name, dim);
    if (type.element) check_type(name, *type.element, depth + 1);
  }

  void check_dim(const std::string& name, const Dim& dim) {
    if (dim.is_constant() && dim.constant() < 0) {
      problems_.add("value '{}' has the negative dimension {}", name, dim.constant());
    }
    for (const auto& term : dim.terms()) {
      if (term.first >= graph_.symbols.size())
        problems_.add("value '{}' names symbol {}, which does not exist", name, term.first);
    }
  }

  void check_origin(const Value& value) {
    const bool is_state = value.type.kind == ValueKind::state;
    if (is_state != (value.origin == ValueOrigin::state) && !(is_state && value.origin == ValueOrigin::captured)) {
      problems_.add("value '{}': a state, and nothing else, is declared as a state", value.name);
    }
    if (value.origin == ValueOrigin::weight && value.type.kind != ValueKind::tensor) {
      problems_.add("weight '{}' is not a tensor", value.name);
    }
    if (value.origin == ValueOrigin::constant) check_constant(value);
    if (value.origin == ValueOrigin::captured) check_captured(value);
  }

  void check_constant(const Value& value) {
    std::vector<int64_t> dims;
    for (const Dim& dim : value.type.dims) {
      if (dim.is_constant()) dims.push_back(dim.constant());
    }
    if (value.type.kind != ValueKind::tensor || !value.type.storage || !value.type.rank_known ||
        dims.size() != value.type.dims.size()) {
      return problems_.add("constant '{}' needs a tensor type with known storage and dimensions", value.name);
    }
    try {
      const auto where = fmt::format("constant '{}'", value.name);
      const auto bytes = checked_tensor_bytes(*value.type.storage, checked_shape(std::move(dims), where), where);
      if (static_cast<uint64_t>(bytes) != value.constant.size()) {
        problems_.add("constant '{}' has {} bytes, its type needs {}", value.name, value.constant.size(), bytes);
      }
    } catch (const Error& error) {
      problems_.add_text(error.what());
    }
  }

  void check_captured(const Value& captured) {
    if (!enclosing_.graph) return bad_id("value '{}' is captured, but there is no enclosing graph", captured.name);
    if (captured.outer >= enclosing_.graph->values.size()) {
      return bad_id("value '{}' captures value {}, which does not exist", captured.name, captured.outer);
    }
    const Value& outer = enclosing_.graph->value(captured.outer);
    if (!(*enclosing_.defined)[captured.outer]) {
      problems_.add("value '{}' captures '{}' before it is computed", captured.name, outer.name);
    }
    if (!types_agree(captured.type, outer.type, false)) {
      problems_.add("value '{}' has another type than the captured '{}'", captured.name, outer.name);
    }
    if (outer.type.kind == ValueKind::effect) problems_.add("value '{}' captures an effect", captured.name);
    if (!captured_.insert(captured.outer).second) problems_.add("value '{}' is captured twice", outer.name);
  }

  void check_inputs() {
    for (const ValueId id : graph_.inputs) {
      if (!in_range(id)) {
        bad_id("input {} does not exist", id);
      } else if (value(id).origin != ValueOrigin::input) {
        problems_.add("input '{}' is not declared as an input", value(id).name);
      } else if (defined_[id]) {
        problems_.add("input '{}' is listed twice", value(id).name);
      } else {
        defined_[id] = true;
      }
    }
    for (ValueId id = 0; id < graph_.values.size(); ++id) {
      if (value(id).origin == ValueOrigin::input && !defined_[id]) {
        problems_.add("value '{}' is an input, but is not listed among the inputs", value(id).name);
      }
    }
  }

  void check_nodes() {
    std::unordered_set<std::string_view> names;
    for (const Node& node : graph_.nodes) {
      if (node.name.empty()) problems_.add("a node has no name");
      if (!names.insert(node.name).second) problems_.add("node '{}' exists twice", node.name);
      const bool usable = check_uses(node) && check_subgraphs(node);
      if (check_definitions(node) && usable) check_schema(node);
    }
    for (ValueId id = 0; id < graph_.values.size(); ++id) {
      if (value(id).origin == ValueOrigin::node && !defined_[id]) {
        problems_.add("value '{}' is computed by no node", value(id).name);
      }
    }
  }

  bool check_uses(const Node& node) {
    bool usable = true;
    for (const ValueId id : node.inputs) {
      if (id == kNoValue) continue;
      if (!in_range(id)) {
        bad_id("node '{}' uses value {}, which does not exist", node.name, id);
        usable = false;
      } else if (!defined_[id]) {
        problems_.add("node '{}' uses '{}' before it is computed", node.name, value(id).name);
      }
    }
    return usable;
  }

  bool check_subgraphs(const Node& node) {
    bool usable = true;
    for (size_t i = 0; i < node.subgraphs.size(); ++i) {
      const Graph* subgraph = node.subgraphs[i].get();
      if (!subgraph || depth_ + 1 > kMaxSubgraphDepth) {
        bad_id("node '{}', sub-graph {}: is missing or nested too deep", node.name, i);
        usable = false;
        continue;
      }
      problems_.within(fmt::format("node '{}', sub-graph '{}'", node.name, subgraph->name),
                       [&] { usable &= Verifier(*subgraph, {&graph_, &defined_}, problems_, depth_ + 1).check(); });
    }
    ids_valid_ &= usable;
    return usable;
  }

  bool check_definitions(const Node& node) {
    bool usable = true;
    for (const ValueId id : node.outputs) {
      if (!in_range(id)) {
        bad_id("node '{}' computes value {}, which does not exist", node.name, id);
        usable = false;
      } else if (value(id).origin != ValueOrigin::node) {
        problems_.add("node '{}' computes '{}', which is not declared as computed", node.name, value(id).name);
      } else if (defined_[id]) {
        problems_.add("node '{}' computes '{}', which is already computed", node.name, value(id).name);
      } else {
        defined_[id] = true;
      }
    }
    return usable;
  }

  void check_schema(const Node& node) {
    if (!node.op) return problems_.add("node '{}' has no op", node.name);
    NodeTypes types{node, {}};
    for (const ValueId id : node.inputs) types.inputs.push_back(id == kNoValue ? nullptr : &value(id).type);
    try {
      check_output_types(node, node.op->infer(types));
    } catch (const Error& error) {
      problems_.add("node '{}' ({}): {}", node.name, node.op->name, error.what());
    }
  }

  void check_output_types(const Node& node, const std::vector<ValueType>& inferred) {
    if (inferred.size() != node.outputs.size()) {
      return problems_.add("node '{}' has {} outputs, {} makes {}", node.name, node.outputs.size(), node.op->name,
                           inferred.size());
    }
    for (size_t i = 0; i < inferred.size(); ++i) {
      const Value& recorded = value(node.outputs[i]);
      if (types_agree(recorded.type, inferred[i])) continue;
      problems_.add("node '{}' ({}): '{}' is recorded as {}, but is {}", node.name, node.op->name, recorded.name,
                    to_string(recorded.type, graph_.symbols), to_string(inferred[i], graph_.symbols));
    }
  }

  void check_outputs() {
    for (const ValueId id : graph_.outputs) {
      if (!in_range(id)) {
        bad_id("output {} does not exist", id);
      } else if (!defined_[id]) {
        problems_.add("output '{}' is never computed", value(id).name);
      } else if (value(id).type.kind == ValueKind::state) {
        problems_.add("output '{}' is a state; states are kept by the runtime", value(id).name);
      }
    }
  }

  const Graph& graph_;
  Enclosing enclosing_;
  ProblemList& problems_;
  int depth_;
  std::vector<bool> defined_;
  std::unordered_set<ValueId> captured_;
  bool ids_valid_ = true;
};

}  // namespace

void verify(const Graph& graph) {
  ProblemList problems;
  Verifier(graph, {}, problems, 0).check();
  problems.throw_if_any(fmt::format("graph '{}'", graph.name));
}

}  // namespace adze::graph
