#include "cli/graph_diff.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "formats/graph_format.h"
#include "ops/standard/quantized_numbers.h"
#include "report/display_width.h"
#include "runtime/graph_session.h"

namespace adze::cli {
namespace {

using report::Align;
using report::Cell;

/// What a node is beside its op.
struct NodeFacts {
  const graph::Attributes* attributes;
  std::vector<std::string> inputs;  // where each comes from
};
/// By op, in the graph's order, with those of sub-graphs.
using NodesByOp = std::map<std::string, std::vector<NodeFacts>>;

/// Of each value: the op that computes it, for names of such values often change; else its name.
std::vector<std::string> origins_of(const graph::Graph& graph) {
  std::vector<std::string> origins;
  for (const graph::Value& value : graph.values) origins.push_back(value.name);
  for (const graph::Node& node : graph.nodes) {
    for (size_t i = 0; i < node.outputs.size(); ++i) origins[node.outputs[i]] = fmt::format("{}:{}", node.op->name, i);
  }
  return origins;
}

void gather_nodes(const graph::Graph& graph, NodesByOp& nodes) {
  const auto origins = origins_of(graph);
  for (const graph::Node& node : graph.nodes) {
    NodeFacts facts{&node.attributes, {}};
    for (const auto id : node.inputs) facts.inputs.push_back(id == graph::kNoValue ? "" : origins[id]);
    nodes[std::string(node.op->name)].push_back(std::move(facts));
    for (const auto& body : node.subgraphs) gather_nodes(*body, nodes);
  }
}

void add_differing_attributes(const graph::Attributes& a, const graph::Attributes& b, std::set<std::string>& names) {
  for (const auto& [name, value] : a) {
    const auto other = b.find(name);
    if (other == b.end() || other->second != value) names.insert(name);
  }
}

/// "kernel_shape, pads": in what nodes of one op are not alike.
std::string differences_of(const std::vector<NodeFacts>& first, const std::vector<NodeFacts>& second) {
  std::set<std::string> names;
  for (size_t i = 0; i < std::min(first.size(), second.size()); ++i) {
    add_differing_attributes(*first[i].attributes, *second[i].attributes, names);
    add_differing_attributes(*second[i].attributes, *first[i].attributes, names);
    if (first[i].inputs != second[i].inputs) names.insert("inputs");
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

report::Table ops_table(const graph::Graph& first, const graph::Graph& second) {
  report::Table table(
      {{"Op", "op"}, {"A", "first", Align::right}, {"B", "second", Align::right}, {"Differs in", "differs_in"}});
  NodesByOp of_first, of_second;
  gather_nodes(first, of_first);
  gather_nodes(second, of_second);
  auto all = of_first;
  all.insert(of_second.begin(), of_second.end());
  for (const auto& [op, nodes] : all) {
    const auto &a = of_first[op], &b = of_second[op];
    // Where nodes came or went, which of them to hold side by side is not known.
    const std::string differences = a.size() == b.size() ? differences_of(a, b) : "";
    if (a.size() == b.size() && differences.empty()) continue;
    table.add_row({op, Cell::integer(std::ssize(a)), Cell::integer(std::ssize(b)),
                   differences.empty() ? Cell::nothing() : Cell(report::printable(differences))});
  }
  return table;
}

void add_constants(const graph::Graph& graph, const std::string& place, model::TensorList& numbers) {
  for (const graph::Value& value : graph.values) {
    if (value.origin != graph::ValueOrigin::constant) continue;
    std::vector<int64_t> dims;
    for (const graph::Dim& dim : value.type.dims) dims.push_back(dim.constant());
    numbers.replace(
        model::owned_tensor(place + value.name, Shape(std::move(dims)), value.type.storage, value.constant));
  }
  for (const graph::Node& node : graph.nodes) {
    for (size_t i = 0; i < node.subgraphs.size(); ++i) {
      add_constants(*node.subgraphs[i], fmt::format("{}{}[{}]/", place, node.name, i), numbers);
    }
  }
}

/// Weights, and the small numbers that lie in the graph itself.
model::TensorList stored_numbers(const formats::StandardGraph& imported) {
  model::TensorList numbers = imported.weights;
  add_constants(*imported.graph, "", numbers);
  return numbers;
}

std::string shape_text(const model::Tensor& tensor) {
  return fmt::format("{} {}", tensor.shape.to_string(), tensor.storage->name);
}

bool same_numbers(const model::Tensor& a, const model::Tensor& b) {
  std::vector<std::byte> room_a, room_b;
  const auto x = a.source->rows(0, a.shape.row_count(), room_a), y = b.source->rows(0, b.shape.row_count(), room_b);
  return std::ranges::equal(x, y);
}

report::Table weights_table(const model::TensorList& first, const model::TensorList& second) {
  report::Table table({{"Weight", "name", Align::left, true}, {"A", "first"}, {"B", "second"}, {"Numbers", "numbers"}});
  for (const auto& tensor : first) {
    const auto* other = second.find(tensor.name);
    if (!other) {
      table.add_row({report::printable(tensor.name), shape_text(tensor), Cell::nothing(), Cell::nothing()});
      continue;
    }
    const bool alike = tensor.shape == other->shape && tensor.storage == other->storage;
    if (alike && same_numbers(tensor, *other)) continue;
    table.add_row({report::printable(tensor.name), shape_text(tensor), shape_text(*other),
                   alike ? Cell("differ") : Cell::nothing()});
  }
  for (const auto& tensor : second) {
    if (first.contains(tensor.name)) continue;
    table.add_row({report::printable(tensor.name), Cell::nothing(), shape_text(tensor), Cell::nothing()});
  }
  return table;
}

struct Difference {
  std::string output;
  double largest = 0;   // NaN: cannot be compared
  double relative = 0;  // to the largest finite number of A's
};

Difference difference_of(const std::string& name, const ops::HostValue& a, const ops::HostValue& b) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  if (!a.is_tensor() || !b.is_tensor() || a.tensor().is_text() || b.tensor().is_text()) return {name, none, none};
  const HostTensor &x = a.tensor(), &y = b.tensor();
  if (x.dims() != y.dims() || x.type() != y.type() || x.element_bytes() > 8) return {name, none, none};
  if (std::ranges::equal(x.bytes(), y.bytes())) return {name, 0, 0};
  const HostTensor wide = ops::to_f64(x), other = ops::to_f64(y);
  double largest = 0, scale = 0;
  for (size_t i = 0; i < static_cast<size_t>(wide.count()); ++i) {
    const double p = wide.numbers<double>()[i], q = other.numbers<double>()[i];
    if (p == q || (std::isnan(p) && std::isnan(q))) continue;
    const double distance = std::fabs(p - q);
    largest = std::isnan(distance) ? HUGE_VAL : std::max(largest, distance);
  }
  for (const double number : wide.numbers<double>()) {
    if (std::isfinite(number)) scale = std::max(scale, std::fabs(number));
  }
  return {name, largest, largest == 0 ? 0 : largest / std::max(scale, std::numeric_limits<double>::min())};
}

std::string inputs_text(const graph::Graph& graph) {
  std::string text;
  for (const auto id : graph.inputs) {
    const auto& input = graph.value(id);
    text += fmt::format("{}'{}' ({})", text.empty() ? "" : ", ", input.name, to_string(input.type, graph.symbols));
  }
  return text.empty() ? "nothing" : text;
}

/// Why the two cannot be run with the same inputs; empty where they can.
std::string why_not_run(const graph::Graph& first, const graph::Graph& second) {
  const auto is_taken = [&](graph::ValueId id) {
    const auto& input = first.value(id);
    return std::ranges::any_of(second.inputs, [&](graph::ValueId other) {
      return second.value(other).name == input.name && types_agree(input.type, second.value(other).type, false);
    });
  };
  if (first.inputs.size() == second.inputs.size() && std::ranges::all_of(first.inputs, is_taken)) return "";
  return report::printable(fmt::format("A takes {}, B takes {}", inputs_text(first), inputs_text(second)));
}

std::vector<Difference> run_both(const formats::StandardGraph& first, const formats::StandardGraph& second,
                                 const GraphDiffRequest& request, const Progress& progress) {
  const auto inputs = graph_inputs(*first.graph, request.inputs);
  const auto outputs_of = [&](const formats::StandardGraph& imported) {
    const auto threads = static_cast<unsigned>(request.threads);
    return runtime::GraphSession(imported.graph, imported.weights, {.threads = threads, .progress = &progress})
        .run(inputs);
  };
  const auto a = outputs_of(first), b = outputs_of(second);
  std::vector<Difference> differences;
  for (size_t i = 0; i < a.size(); ++i) {
    const std::string& name = first.graph->value(first.graph->outputs[i]).name;
    differences.push_back(difference_of(name, a[i], i < b.size() ? b[i] : ops::HostValue()));
  }
  return differences;
}

report::Table outputs_table(const std::vector<Difference>& differences) {
  report::Table table({{"Output", "name", Align::left, true},
                       {"Largest difference", "largest", Align::right},
                       {"Relative", "relative", Align::right}});
  const auto cell = [](double number) {
    return std::isnan(number) ? Cell("cannot be compared") : Cell::shown_as(fmt::format("{:.2e}", number), number);
  };
  for (const auto& one : differences) {
    table.add_row({report::printable(one.output), cell(one.largest), cell(one.relative)});
  }
  return table;
}

void print_part(Console& console, std::string_view title, const report::Table& table) {
  if (table.empty()) return;
  print_heading(console, title);
  print_table(console, table);
}

struct GraphDiff {
  report::Table ops, weights;
  std::vector<Difference> outputs;
  bool same_outputs = true;
  std::string not_run_because;  // empty: run, or not asked for
  bool equal() const { return ops.empty() && weights.empty() && same_outputs; }
};

GraphDiff compared(const GraphDiffRequest& request, const Progress& progress) {
  const auto first = formats::read_graph(request.first), second = formats::read_graph(request.second);
  GraphDiff diff{ops_table(*first.graph, *second.graph),
                 weights_table(stored_numbers(first), stored_numbers(second)),
                 {},
                 first.graph->outputs.size() == second.graph->outputs.size(),
                 {}};
  if (!request.run) return diff;
  diff.not_run_because = why_not_run(*first.graph, *second.graph);
  if (diff.not_run_because.empty()) diff.outputs = run_both(first, second, request, progress);
  const auto is_near = [&](const Difference& one) { return one.relative <= request.tolerance; };
  diff.same_outputs &= diff.not_run_because.empty() && std::ranges::all_of(diff.outputs, is_near);
  return diff;
}

Cell verdict(bool equal) { return Cell::shown_as(equal ? "equal" : "different", equal); }

report::FactList facts_of(const GraphDiff& diff, bool with_outputs) {
  report::FactList facts;
  facts.add("Ops", "ops_equal", verdict(diff.ops.empty()));
  facts.add("Weights", "weights_equal", verdict(diff.weights.empty()));
  if (!diff.not_run_because.empty()) {
    facts.add("Outputs", "outputs_equal", Cell::shown_as("cannot be compared: " + diff.not_run_because, false));
  } else if (with_outputs) {
    facts.add("Outputs", "outputs_equal", verdict(diff.same_outputs));
  }
  facts.add("Models are", "equal", verdict(diff.equal()));
  return facts;
}

}  // namespace

bool diff_graph_models(const GraphDiffRequest& request, Console& console) {
  const auto diff = compared(request, ProgressBar(console));
  const auto facts = facts_of(diff, request.run);
  if (request.json) {
    Json document = facts.to_json();
    document["ops"] = diff.ops.to_json();
    document["weights"] = diff.weights.to_json();
    document["outputs"] = outputs_table(diff.outputs).to_json();
    if (!diff.not_run_because.empty()) document["outputs_not_compared"] = diff.not_run_because;
    print_json(console, document);
    return diff.equal();
  }
  print_facts(console, facts);
  print_part(console, "Ops", diff.ops);
  print_part(console, "Weights", diff.weights);
  print_part(console, "Outputs", outputs_table(diff.outputs));
  return diff.equal();
}

}  // namespace adze::cli
