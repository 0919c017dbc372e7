// Equality of graphs for tests: everything but the numbering of values.
#pragma once

#include <bit>
#include <string>

#include "graph/graph.h"

namespace adze::graph::test {

inline std::vector<std::string> names_of(const Graph& graph, const std::vector<ValueId>& ids) {
  std::vector<std::string> names;
  for (const ValueId id : ids) names.push_back(id == kNoValue ? "_" : "%" + graph.value(id).name);
  return names;
}

/// Floats by their bits, so that NaN equals itself and -0 differs from 0.
inline bool same_attribute(const Attribute& a, const Attribute& b) {
  if (a.index() != b.index()) return false;
  if (const auto* x = std::get_if<double>(&a)) {
    return std::bit_cast<uint64_t>(*x) == std::bit_cast<uint64_t>(std::get<double>(b));
  }
  if (const auto* x = std::get_if<std::vector<double>>(&a)) {
    const auto& y = std::get<std::vector<double>>(b);
    for (size_t i = 0; i < std::min(x->size(), y.size()); ++i) {
      if (std::bit_cast<uint64_t>((*x)[i]) != std::bit_cast<uint64_t>(y[i])) return false;
    }
    return x->size() == y.size();
  }
  return a == b;
}

inline bool same_attributes(const Attributes& a, const Attributes& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a) {
    const auto found = b.find(key);
    if (found == b.end() || !same_attribute(value, found->second)) return false;
  }
  return true;
}

inline bool same_dim(const Dim& a, const Dim& b) { return a == b || (!a.is_known() && !b.is_known()); }

inline bool same_type(const ValueType& a, const ValueType& b) {
  if (a.kind != b.kind || a.storage != b.storage || a.rank_known != b.rank_known) return false;
  if (!std::equal(a.dims.begin(), a.dims.end(), b.dims.begin(), b.dims.end(), same_dim)) return false;
  if (!a.element || !b.element) return !a.element && !b.element;
  return same_type(*a.element, *b.element);
}

std::string first_difference(const Graph& a, const Graph& b, const Graph* outer_a = nullptr,
                             const Graph* outer_b = nullptr);

inline std::string value_difference(const Value& a, const Value& b, const Graph* outer_a, const Graph* outer_b) {
  if (a.origin != b.origin) return "origin of " + a.name;
  if (!same_type(a.type, b.type)) return "type of " + a.name;
  if (a.constant != b.constant) return "bytes of " + a.name;
  if (a.origin == ValueOrigin::captured && outer_a->value(a.outer).name != outer_b->value(b.outer).name) {
    return "what is captured as " + a.name;
  }
  return "";
}

inline std::string node_difference(const Graph& a, const Graph& b, size_t i) {
  const Node& x = a.nodes[i];
  const Node& y = b.nodes[i];
  if (x.name != y.name) return "name of node " + x.name;
  if (x.op != y.op) return "op of node " + x.name;
  if (names_of(a, x.inputs) != names_of(b, y.inputs)) return "inputs of node " + x.name;
  if (names_of(a, x.outputs) != names_of(b, y.outputs)) return "outputs of node " + x.name;
  if (!same_attributes(x.attributes, y.attributes)) return "attributes of node " + x.name;
  if (x.placement != y.placement) return "placement of node " + x.name;
  if (x.subgraphs.size() != y.subgraphs.size()) return "sub-graphs of node " + x.name;
  for (size_t s = 0; s < x.subgraphs.size(); ++s) {
    const auto inner = first_difference(*x.subgraphs[s], *y.subgraphs[s], &a, &b);
    if (!inner.empty()) return inner;
  }
  return "";
}

/// "" when the graphs are equal.
inline std::string first_difference(const Graph& a, const Graph& b, const Graph* outer_a, const Graph* outer_b) {
  if (a.name != b.name) return "name";
  if (a.symbols != b.symbols) return "symbols";
  if (names_of(a, a.inputs) != names_of(b, b.inputs)) return "inputs";
  if (names_of(a, a.outputs) != names_of(b, b.outputs)) return "outputs";
  if (a.values.size() != b.values.size()) return "number of values";
  for (const Value& value : a.values) {
    const auto other = b.find_value(value.name);
    if (!other) return "missing " + value.name;
    const auto difference = value_difference(value, b.value(*other), outer_a, outer_b);
    if (!difference.empty()) return difference;
  }
  if (a.nodes.size() != b.nodes.size()) return "number of nodes";
  for (size_t i = 0; i < a.nodes.size(); ++i) {
    const auto difference = node_difference(a, b, i);
    if (!difference.empty()) return difference;
  }
  return "";
}

}  // namespace adze::graph::test
