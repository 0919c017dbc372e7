#include "cli/graph_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
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

NamedFile named_file(const std::string& option, const std::string& text) {
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    throw UsageError(fmt::format("{} needs NAME=FILE.npy, not \"{}\"", option, text));
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

/// Least, mean and most of numbers that are finite or not.
struct Summary {
  double least = 0, mean = 0, most = 0;
};

std::optional<Summary> summary_of(const HostTensor& tensor) {
  const bool is_complex = tensor.element_bytes() == 16 || (tensor.type() && tensor.type()->name == "c64");
  if (tensor.is_text() || is_complex || tensor.count() == 0) return std::nullopt;
  const HostTensor wide = tensor.type()->name == "bool" ? ops::to_f64(tensor.retyped(&kU4)) : ops::to_f64(tensor);
  Summary summary{HUGE_VAL, 0, -HUGE_VAL};
  for (const double number : wide.numbers<double>()) {
    summary.least = std::fmin(summary.least, number);
    summary.most = std::fmax(summary.most, number);
    summary.mean += number / static_cast<double>(wide.count());
  }
  return summary;
}

void add_tensor_row(report::Table& table, const std::string& name, const HostTensor& tensor) {
  const auto summary = summary_of(tensor);
  const auto cell = [&](double Summary::* number) {
    return summary ? report::Cell::shown_as(report::format_number((*summary).*number), (*summary).*number)
                   : report::Cell("");
  };
  table.add_row({report::printable(name), std::string(tensor.is_text() ? "text" : tensor.type()->name),
                 dims_text(tensor.dims()), cell(&Summary::least), cell(&Summary::mean), cell(&Summary::most)});
}

report::Table outputs_table(const graph::Graph& graph, const ops::HostValues& outputs) {
  using report::Align;
  report::Table table({{"Output", "name", Align::left, true},
                       {"Type", "type"},
                       {"Shape", "shape"},
                       {"Least", "least", Align::right},
                       {"Mean", "mean", Align::right},
                       {"Most", "most", Align::right}});
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string& name = graph.value(graph.outputs[i]).name;
    if (outputs[i].is_tensor()) {
      add_tensor_row(table, name, outputs[i].tensor());
    } else if (!outputs[i].is_nothing()) {
      for (size_t item = 0; item < outputs[i].sequence().size(); ++item) {
        add_tensor_row(table, fmt::format("{}[{}]", name, item), outputs[i].sequence()[item]);
      }
    }
  }
  return table;
}

void write_outputs(const graph::Graph& graph, const ops::HostValues& outputs, const std::vector<NamedFile>& files) {
  for (const NamedFile& file : files) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (graph.value(graph.outputs[i]).name == file.name) formats::write_npy(outputs[i].tensor(), file.path);
    }
  }
}

void require_outputs(const graph::Graph& graph, const std::vector<NamedFile>& files) {
  for (const NamedFile& file : files) {
    const auto is_named = [&](graph::ValueId id) { return graph.value(id).name == file.name; };
    if (std::ranges::any_of(graph.outputs, is_named)) continue;
    std::string known;
    for (const auto id : graph.outputs) known += (known.empty() ? "" : ", ") + graph.value(id).name;
    fail(ErrorCode::bad_input, "there is no output '{}'; the graph has {}", file.name, known);
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
  std::vector<NamedFile> files;
  for (const std::string& text : arguments.outputs) files.push_back(named_file("--output", text));
  const auto imported = formats::read_graph(path);
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
  const auto table = outputs_table(*imported.graph, outputs);
  if (json) return print_json(console, {{"outputs", table.to_json()}, {"inputs", notes}, {"seconds", seconds}});
  print_table(console, table);
  if (console.errors_are_terminal()) console.note("\n{}", report::format_duration(seconds));
}

}  // namespace adze::cli
