#include "cli/graph_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "cli/input_files.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "formats/graph_format.h"
#include "formats/numpy/npy.h"
#include "ops/standard/quantized_numbers.h"
#include "report/display_width.h"
#include "report/format_quantity.h"
#include "runtime/graph_session.h"
#include "tensor/element_types.h"

namespace adze::cli {
namespace {

struct NamedFile {
  std::string name;
  std::string path;
};

NamedFile output_file(const graph::Graph& graph, const std::string& text) {
  const size_t equals = end_of_name(graph, graph.outputs, text);
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    throw UsageError(fmt::format("--output needs NAME=FILE.npy, not \"{}\"", text));
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

/// Of those numbers that are finite.
struct Summary {
  double least = HUGE_VAL, mean = 0, most = -HUGE_VAL;
  int64_t finite = 0, others = 0;
};

std::optional<Summary> summary_of(const HostTensor& tensor) {
  const bool is_complex = tensor.element_bytes() == 16 || (tensor.type() && tensor.type()->name == "c64");
  if (tensor.is_text() || is_complex || tensor.count() == 0) return std::nullopt;
  const HostTensor wide = tensor.type()->name == "bool" ? ops::to_f64(tensor.retyped(&kU4)) : ops::to_f64(tensor);
  Summary summary;
  const auto is_finite = [](double number) { return std::isfinite(number); };
  summary.finite = std::ranges::count_if(wide.numbers<double>(), is_finite);
  summary.others = wide.count() - summary.finite;
  for (const double number : wide.numbers<double>()) {
    if (!is_finite(number)) continue;
    summary.least = std::min(summary.least, number);
    summary.most = std::max(summary.most, number);
    summary.mean += number / static_cast<double>(summary.finite);
  }
  return summary;
}

struct OutputTensor {
  std::string name;
  HostTensor tensor;
  std::optional<Summary> summary;
};

/// Those of sequences one by one.
std::vector<OutputTensor> output_tensors(const graph::Graph& graph, const ops::HostValues& outputs) {
  std::vector<OutputTensor> list;
  const auto add = [&](const std::string& name, const HostTensor& tensor) {
    list.push_back({name, tensor, summary_of(tensor)});
  };
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string& name = graph.value(graph.outputs[i]).name;
    if (outputs[i].is_tensor()) {
      add(name, outputs[i].tensor());
    } else if (!outputs[i].is_nothing()) {
      const auto& sequence = outputs[i].sequence();
      for (size_t item = 0; item < sequence.size(); ++item) add(fmt::format("{}[{}]", name, item), sequence[item]);
    }
  }
  return list;
}

report::Table outputs_table(const std::vector<OutputTensor>& list, bool with_not_finite) {
  using report::Align;
  using report::Cell;
  std::vector<report::Column> columns = {{"Output", "name", Align::left, true},
                                         {"Type", "type"},
                                         {"Shape", "shape"},
                                         {"Least", "least", Align::right},
                                         {"Mean", "mean", Align::right},
                                         {"Most", "most", Align::right}};
  if (with_not_finite) columns.push_back({"Not finite", "not_finite", Align::right});
  report::Table table(columns);
  for (const auto& [name, tensor, summary] : list) {
    std::vector<Cell> cells = {report::printable(name), std::string(tensor.is_text() ? "text" : tensor.type()->name),
                               dims_text(tensor.dims())};
    for (double Summary::* number : {&Summary::least, &Summary::mean, &Summary::most}) {
      const bool is_known = summary && summary->finite > 0;
      cells.push_back(is_known ? Cell::shown_as(report::format_number((*summary).*number), (*summary).*number)
                               : Cell::nothing());
    }
    if (with_not_finite) cells.push_back(summary ? Cell::integer(summary->others) : Cell::nothing());
    table.add_row(std::move(cells));
  }
  return table;
}

Json outputs_json(const std::vector<OutputTensor>& list) {
  Json rows = outputs_table(list, true).to_json();
  for (size_t i = 0; i < list.size(); ++i) rows[i]["shape"] = list[i].tensor.dims();
  return rows;
}

void write_outputs(const graph::Graph& graph, const ops::HostValues& outputs, const std::vector<NamedFile>& files) {
  for (const NamedFile& file : files) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (graph.value(graph.outputs[i]).name != file.name) continue;
      with_context(fmt::format("output '{}'", file.name), [&] { formats::write_npy(outputs[i].tensor(), file.path); });
    }
  }
}

/// Before a run, which may take long.
void require_outputs(const graph::Graph& graph, const std::vector<NamedFile>& files) {
  for (const NamedFile& file : files) {
    const auto is_named = [&](graph::ValueId id) { return graph.value(id).name == file.name; };
    const auto found = std::ranges::find_if(graph.outputs, is_named);
    if (found == graph.outputs.end()) {
      std::string known;
      for (const auto id : graph.outputs) known += (known.empty() ? "" : ", ") + graph.value(id).name;
      fail(ErrorCode::bad_input, "there is no output '{}'; the graph has {}", file.name, known);
    }
    if (graph.value(*found).type.kind != graph::ValueKind::sequence) continue;
    fail(ErrorCode::unsupported, "output '{}' is a sequence, and {} can only hold one tensor: leave its --output out",
         file.name, file.path);
  }
}

}  // namespace

void GraphRunArguments::declare(Arguments& arguments) {
  arguments.section("Models of graph formats (ONNX, OpenVINO, TFLite)");
  arguments.option({"--input", kInputForm, kInputHelp}, inputs);
  arguments.option({"--output", "NAME=FILE.npy", "where to write an output; may be given several times"}, outputs);
}

bool is_graph_model(const std::string& path) { return formats::graph_format_of(path) != nullptr; }

void run_graph_model(const std::string& path, const GraphRunArguments& arguments, int64_t threads, bool json,
                     Console& console) {
  const auto imported = formats::read_graph(path);
  std::vector<NamedFile> files;
  for (const std::string& text : arguments.outputs) files.push_back(output_file(*imported.graph, text));
  require_outputs(*imported.graph, files);
  std::vector<std::string> notes;
  const auto inputs = read_inputs(*imported.graph, arguments.inputs, notes);
  for (const std::string& note : notes) console.note("{}", note);
  const ProgressBar progress(console);
  runtime::GraphSession session(imported.graph, imported.weights,
                                {.threads = static_cast<unsigned>(threads), .progress = &progress});
  const int64_t start = now_ns();
  const auto outputs = session.run(inputs);
  const double seconds = seconds_since(start);
  write_outputs(*imported.graph, outputs, files);
  const auto tensors = output_tensors(*imported.graph, outputs);
  if (json) return print_json(console, {{"outputs", outputs_json(tensors)}, {"inputs", notes}, {"seconds", seconds}});
  const auto has_others = [](const OutputTensor& output) { return output.summary && output.summary->others > 0; };
  print_table(console, outputs_table(tensors, std::ranges::any_of(tensors, has_others)));
  if (console.errors_are_terminal()) console.note("\n{}", report::format_duration(seconds));
}

}  // namespace adze::cli
