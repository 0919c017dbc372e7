#include "cli/graph_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "cli/report_output.h"
#include "formats/graph_format.h"
#include "ops/standard/quantized_numbers.h"
#include "report/display_width.h"
#include "runtime/graph_session.h"

namespace adze::cli {
namespace {

using report::Align;
using report::Cell;

std::map<std::string, int64_t> op_counts(const graph::Graph& graph) {
  std::map<std::string, int64_t> counts;
  for (const graph::Node& node : graph.nodes) {
    ++counts[std::string(node.op->name)];
    for (const auto& body : node.subgraphs) {
      for (const auto& [op, count] : op_counts(*body)) counts[op] += count;
    }
  }
  return counts;
}

report::Table ops_table(const graph::Graph& first, const graph::Graph& second) {
  report::Table table({{"Op", "op"}, {"A", "first", Align::right}, {"B", "second", Align::right}});
  auto of_first = op_counts(first), of_second = op_counts(second);
  auto all = of_first;
  all.insert(of_second.begin(), of_second.end());
  for (const auto& [op, count] : all) {
    if (of_first[op] != of_second[op]) table.add_row({op, Cell::integer(of_first[op]), Cell::integer(of_second[op])});
  }
  return table;
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
  double relative = 0;  // to the largest number of A's
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
  for (const double number : wide.numbers<double>()) scale = std::fmax(scale, std::fabs(number));
  return {name, largest, largest == 0 ? 0 : largest / std::max(scale, std::numeric_limits<double>::min())};
}

std::vector<Difference> run_both(const formats::StandardGraph& first, const formats::StandardGraph& second,
                                 const GraphDiffRequest& request) {
  const auto inputs = graph_inputs(*first.graph, request.inputs);
  const auto outputs_of = [&](const formats::StandardGraph& imported) {
    const auto threads = static_cast<unsigned>(request.threads);
    return runtime::GraphSession(imported.graph, imported.weights, {.threads = threads}).run(inputs);
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

}  // namespace

bool diff_graph_models(const GraphDiffRequest& request, Console& console) {
  const auto first = formats::read_graph(request.first), second = formats::read_graph(request.second);
  const auto ops = ops_table(*first.graph, *second.graph);
  const auto weights = weights_table(first.weights, second.weights);
  const auto differences = request.run ? run_both(first, second, request) : std::vector<Difference>();
  const bool same_outputs =
      first.graph->outputs.size() == second.graph->outputs.size() &&
      std::ranges::all_of(differences, [&](const auto& d) { return d.relative <= request.tolerance; });
  const bool equal = ops.empty() && weights.empty() && same_outputs;
  report::FactList facts;
  facts.add("Ops", "ops_equal", Cell::shown_as(ops.empty() ? "equal" : "different", ops.empty()));
  facts.add("Weights", "weights_equal", Cell::shown_as(weights.empty() ? "equal" : "different", weights.empty()));
  if (request.run) {
    facts.add("Outputs", "outputs_equal", Cell::shown_as(same_outputs ? "equal" : "different", same_outputs));
  }
  facts.add("Models are", "equal", Cell::shown_as(equal ? "equal" : "different", equal));
  if (request.json) {
    Json document = facts.to_json();
    document["ops"] = ops.to_json();
    document["weights"] = weights.to_json();
    document["outputs"] = outputs_table(differences).to_json();
    print_json(console, document);
    return equal;
  }
  print_facts(console, facts);
  print_part(console, "Ops", ops);
  print_part(console, "Weights", weights);
  print_part(console, "Outputs", outputs_table(differences));
  return equal;
}

}  // namespace adze::cli
