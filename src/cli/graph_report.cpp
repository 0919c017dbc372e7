#include "cli/graph_report.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "base/error.h"
#include "cli/model_overview.h"
#include "cli/report_output.h"
#include "formats/format.h"
#include "formats/graph_format.h"
#include "report/display_width.h"

namespace adze::cli {
namespace {

using report::Align;
using report::Cell;

void count_ops(const graph::Graph& graph, std::map<std::string, int64_t>& counts) {
  for (const graph::Node& node : graph.nodes) {
    ++counts[std::string(node.op->name)];
    for (const auto& body : node.subgraphs) count_ops(*body, counts);
  }
}

report::Table values_table(const graph::Graph& graph, const std::vector<graph::ValueId>& ids, std::string_view title) {
  report::Table table({{std::string(title), "name", Align::left, true}, {"Type", "type"}});
  for (const auto id : ids) {
    const auto& value = graph.value(id);
    table.add_row({report::printable(value.name), report::printable(to_string(value.type, graph.symbols))});
  }
  return table;
}

report::Table ops_table(const graph::Graph& graph) {
  std::map<std::string, int64_t> counts;
  count_ops(graph, counts);
  std::vector<std::pair<std::string, int64_t>> rows(counts.begin(), counts.end());
  std::ranges::stable_sort(rows, std::greater(), &std::pair<std::string, int64_t>::second);
  report::Table table({{"Op", "op"}, {"Nodes", "nodes", Align::right}});
  for (const auto& [name, count] : rows) table.add_row({name, Cell::integer(count)});
  return table;
}

report::FactList facts_of(const formats::GraphFormat& format, const model::Model& model) {
  report::FactList facts;
  facts.add("Format", "format", std::string(format.name));
  for (const auto& fact : format.facts(model.source)) {
    facts.add(std::string(fact.label), std::string(fact.key),
              fact.number ? Cell::integer(*fact.number) : Cell(report::shortened(report::printable(fact.text), 60)));
  }
  facts.add("Size", "stored_bytes", Cell::bytes(stored_bytes(model.source)));
  facts.add("Parameters", "parameters", Cell::count(model.tensors.element_count()));
  facts.add("Weights", "weight_bytes", Cell::bytes(model.tensors.byte_size()));
  return facts;
}

}  // namespace

void report_graph_model(const std::string& path, const GraphReportOptions& options, Console& console) {
  const formats::GraphFormat& format = *formats::graph_format_of(path);
  const auto model = formats::read_model(path, {.tokenizer = false});
  const auto graph = format.read(path).graph;
  const auto inputs = values_table(*graph, graph->inputs, "Input"),
             outputs = values_table(*graph, graph->outputs, "Output");
  if (options.json) {
    Json document = {{"path", path}};
    document.update(facts_of(format, model).to_json());
    document["inputs"] = inputs.to_json();
    document["outputs"] = outputs.to_json();
    document["ops"] = ops_table(*graph).to_json();
    document["types"] = tensor_types_table(model.tensors).to_json();
    if (options.tensors) document["tensors"] = tensors_table(model.tensors).to_json();
    if (options.graph) document["graph"] = to_text(*graph);
    return print_json(console, document);
  }
  print_heading(console, report::printable(std::filesystem::path(path).filename().string()), true);
  print_facts(console, facts_of(format, model));
  print_heading(console, "Inputs and outputs");
  print_table(console, inputs);
  console.write("\n");
  print_table(console, outputs);
  print_heading(console, "Ops");
  print_table(console, ops_table(*graph));
  if (model.tensors.size() > 0) {
    print_heading(console, "Tensor types");
    print_table(console, tensor_types_table(model.tensors));
  }
  if (options.tensors) {
    print_heading(console, "Tensors");
    print_table(console, tensors_table(model.tensors));
  }
  if (!options.graph) return;
  print_heading(console, "Graph");
  console.write(to_text(*graph));
}

}  // namespace adze::cli
