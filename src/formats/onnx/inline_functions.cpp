#include "formats/onnx/inline_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"

namespace adze::formats {
namespace {

using Names = std::map<std::string, std::string>;
using Arguments = std::map<std::string, OnnxAttributeValue>;

const OnnxFunction* find_function(const OnnxModel& model, const OnnxNode& node) {
  for (const OnnxFunction& function : model.functions) {
    if (function.name == node.op && function.domain == node.domain && function.overload == node.overload) {
      return &function;
    }
  }
  return nullptr;
}

/// One call: names of the function's values in the caller, and its attributes.
struct Call {
  const OnnxFunction& function;
  std::string prefix;  // of names that only the function knows
  Names names;
  Arguments arguments;

  std::string renamed(const std::string& name) const {
    if (name.empty()) return name;
    const auto known = names.find(name);
    return known == names.end() ? prefix + name : known->second;
  }
};

Call call_of(const OnnxFunction& function, const OnnxNode& node, size_t number) {
  if (node.inputs.size() > function.inputs.size() || node.outputs.size() > function.outputs.size()) {
    fail(ErrorCode::bad_input, "node '{}' gives {} inputs and takes {} outputs of function {}", node.name,
         node.inputs.size(), node.outputs.size(), function.name);
  }
  Call call{function, fmt::format("{}/{}/", node.name.empty() ? function.name : node.name, number), {}, {}};
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    call.names[function.inputs[i]] = i < node.inputs.size() ? node.inputs[i] : std::string();
  }
  for (size_t i = 0; i < function.outputs.size() && i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    // An output that is an input at once stays under the input's name; a node of Identity makes the other.
    if (!call.names.contains(function.outputs[i])) call.names[function.outputs[i]] = node.outputs[i];
  }
  for (const OnnxAttribute& attribute : function.attribute_defaults) call.arguments[attribute.name] = attribute.value;
  for (const OnnxAttribute& attribute : node.attributes) call.arguments[attribute.name] = attribute.value;
  return call;
}

void bind_graph(OnnxGraph& graph, const Call& call, int depth);

/// Renames what a node of a function uses, and puts the call's attributes where it refers to them.
void bind_node(OnnxNode& node, const Call& call, int depth) {
  for (std::string& name : node.inputs) name = call.renamed(name);
  for (std::string& name : node.outputs) name = call.renamed(name);
  if (!node.name.empty()) node.name = call.prefix + node.name;
  std::vector<OnnxAttribute> bound;
  for (OnnxAttribute& attribute : node.attributes) {
    if (!attribute.reference.empty()) {
      const auto given = call.arguments.find(attribute.reference);
      if (given == call.arguments.end()) continue;
      attribute.value = given->second;
      attribute.reference.clear();
    } else if (auto* graph = std::get_if<OnnxSubgraph>(&attribute.value); graph && *graph) {
      auto copy = std::make_shared<OnnxGraph>(**graph);
      bind_graph(*copy, call, depth + 1);
      *graph = std::move(copy);
    }
    bound.push_back(std::move(attribute));
  }
  node.attributes = std::move(bound);
}

void bind_graph(OnnxGraph& graph, const Call& call, int depth) {
  if (depth > kMaxOnnxDepth) fail(ErrorCode::bad_input, "function {} nests graphs too deep", call.function.name);
  for (OnnxTensor& tensor : graph.initializers) tensor.name = call.renamed(tensor.name);
  for (OnnxValueInfo& info : graph.inputs) info.name = call.renamed(info.name);
  for (OnnxValueInfo& info : graph.outputs) info.name = call.renamed(info.name);
  for (OnnxValueInfo& info : graph.values) info.name = call.renamed(info.name);
  for (OnnxNode& node : graph.nodes) bind_node(node, call, depth);
}

/// The node and those of its sub-graphs.
size_t nodes_of(const OnnxNode& node) {
  size_t count = 1;
  for (const OnnxAttribute& attribute : node.attributes) {
    const auto* graph = std::get_if<OnnxSubgraph>(&attribute.value);
    if (!graph || !*graph) continue;
    for (const OnnxNode& inner : (*graph)->nodes) count += nodes_of(inner);
  }
  return count;
}

class Inliner {
 public:
  Inliner(const OnnxModel& model, size_t& made) : model_(model), made_(made) {}

  void expand(const std::vector<OnnxNode>& nodes, const std::vector<OnnxOpset>& opsets, int depth) {
    if (depth > kMaxOnnxDepth) fail(ErrorCode::bad_input, "functions call each other more than {} deep", kMaxOnnxDepth);
    for (const OnnxNode& node : nodes) {
      made_ += nodes_of(node);
      if (made_ > kMaxOnnxNodes) {
        fail(ErrorCode::bad_input, "its functions expand to more than {} nodes", kMaxOnnxNodes);
      }
      if (const OnnxFunction* function = find_function(model_, node)) {
        expand_call(*function, node, depth);
      } else {
        result_.push_back({node, opset_of(opsets, node.domain)});
      }
    }
  }
  std::vector<VersionedNode> take() { return std::move(result_); }

 private:
  void expand_call(const OnnxFunction& function, const OnnxNode& node, int depth) {
    const Call call = call_of(function, node, calls_++);
    auto nodes = function.nodes;
    for (OnnxNode& own : nodes) bind_node(own, call, 0);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const std::string inner = call.renamed(function.outputs[i]);
      if (inner != node.outputs[i]) nodes.push_back({{}, "Identity", {}, {}, {inner}, {node.outputs[i]}, {}});
    }
    expand(nodes, function.opsets.empty() ? model_.opsets : function.opsets, depth + 1);
  }

  const OnnxModel& model_;
  std::vector<VersionedNode> result_;
  size_t& made_;
  size_t calls_ = 0;
};

}  // namespace

int64_t opset_of(const std::vector<OnnxOpset>& opsets, const std::string& domain) {
  const auto found = std::ranges::find(opsets, domain, &OnnxOpset::domain);
  if (found != opsets.end()) return found->version;
  if (domain.empty()) return 1;  // before there were opsets
  fail(ErrorCode::bad_input, "no version of the operators \"{}\" is imported", domain);
}

std::vector<VersionedNode> inline_functions(const std::vector<OnnxNode>& nodes, const OnnxModel& model,
                                            const std::vector<OnnxOpset>& opsets, size_t& made) {
  Inliner inliner(model, made);
  inliner.expand(nodes, opsets, 0);
  return inliner.take();
}

}  // namespace adze::formats
