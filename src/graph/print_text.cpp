// to_text: prints any graph, broken ones too, because a failed verification is read from a dump.
#include <fmt/format.h>

#include "graph/attributes_text.h"
#include "graph/graph.h"
#include "graph/text_cursor.h"

namespace adze::graph {
namespace {

std::string name_text(std::string_view name) { return fmt::format("%{}", is_bare_name(name) ? name : in_quotes(name)); }

std::string hex_text(const std::vector<std::byte>& bytes) {
  std::string text = "0x";
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

class Printer {
 public:
  Printer(const Graph& graph, const Graph* outer, int depth) : graph_(graph), outer_(outer), depth_(depth) {}

  std::string print() {
    text_ = indent() + "graph " + in_quotes(graph_.name) + " {\n";
    for (const Symbol& symbol : graph_.symbols) line(symbol_text(symbol));
    for (const ValueId id : graph_.inputs) line("input " + typed(id));
    for (const auto origin : {ValueOrigin::weight, ValueOrigin::state, ValueOrigin::constant, ValueOrigin::captured}) {
      print_values(origin);
    }
    for (const Node& node : graph_.nodes) print_node(node);
    if (!graph_.outputs.empty()) line("return " + uses(graph_, graph_.outputs));
    return text_ + indent() + "}\n";
  }

 private:
  std::string indent() const { return std::string(2 * static_cast<size_t>(depth_), ' '); }
  void line(const std::string& text) { text_ += indent() + "  " + text + "\n"; }

  static std::string use(const Graph& graph, ValueId id) {
    if (id == kNoValue) return "_";
    return id < graph.values.size() ? name_text(graph.values[id].name) : fmt::format("%<no value {}>", id);
  }

  static std::string uses(const Graph& graph, const std::vector<ValueId>& ids) {
    std::string text;
    for (const ValueId id : ids) text += (text.empty() ? "" : ", ") + use(graph, id);
    return text;
  }

  std::string typed(ValueId id) const {
    if (id >= graph_.values.size()) return use(graph_, id);
    return use(graph_, id) + ": " + to_string(graph_.values[id].type, graph_.symbols);
  }

  static std::string symbol_text(const Symbol& symbol) {
    const auto maximum = symbol.maximum == INT64_MAX ? "*" : fmt::format("{}", symbol.maximum);
    return fmt::format("symbol {} in {}..{}", word_or_quoted(symbol.name), symbol.minimum, maximum);
  }

  void print_values(ValueOrigin origin) {
    for (ValueId id = 0; id < graph_.values.size(); ++id) {
      const Value& value = graph_.values[id];
      if (value.origin != origin) continue;
      if (origin == ValueOrigin::weight) line("weight " + typed(id));
      if (origin == ValueOrigin::state) line("state " + typed(id));
      if (origin == ValueOrigin::constant) line("constant " + typed(id) + " = " + hex_text(value.constant));
      if (origin == ValueOrigin::captured) {
        line("capture " + typed(id) + " from " + (outer_ ? use(*outer_, value.outer) : "%<no outer graph>"));
      }
    }
  }

  // The name follows from the outputs' exactly as add_node gives it to them.
  bool name_follows(const Node& node) const {
    if (node.outputs.empty()) return false;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const auto expected = node.outputs.size() == 1 ? node.name : fmt::format("{}:{}", node.name, i);
      if (node.outputs[i] >= graph_.values.size() || graph_.values[node.outputs[i]].name != expected) return false;
    }
    return true;
  }

  void print_node(const Node& node) {
    std::string text;
    for (const ValueId id : node.outputs) text += (text.empty() ? "" : ", ") + typed(id);
    if (text.empty()) text = "()";
    text += " = " + (node.op ? word_or_quoted(node.op->name) : "<no op>") + "(" + uses(graph_, node.inputs) + ")";
    if (!node.attributes.empty()) text += " " + attributes_text(node.attributes);
    if (!node.placement.empty()) text += " on " + word_or_quoted(node.placement);
    if (!name_follows(node)) text += " as " + in_quotes(node.name);
    line(text);
    for (const auto& subgraph : node.subgraphs) print_subgraph(subgraph.get());
  }

  void print_subgraph(const Graph* subgraph) {
    if (!subgraph || depth_ + 1 > 2 * kMaxSubgraphDepth) {
      line("  graph <none or too deep>");
      return;
    }
    text_ += Printer(*subgraph, &graph_, depth_ + 2).print();
  }

  const Graph& graph_;
  const Graph* outer_;
  int depth_;
  std::string text_;
};

}  // namespace

std::string to_text(const Graph& graph) { return Printer(graph, nullptr, 0).print(); }

}  // namespace adze::graph
