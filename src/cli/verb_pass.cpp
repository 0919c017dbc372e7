// adze pass: one rewrite of a graph, alone.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "cli/graph_arguments.h"
#include "cli/report_output.h"
#include "cli/suggest.h"
#include "cli/verb.h"
#include "formats/graph_format.h"
#include "formats/onnx/export_onnx.h"
#include "formats/onnx/read_onnx_model.h"
#include "graph/rewrite.h"
#include "passes/pass.h"

namespace adze::cli {
namespace {

using report::Cell;

constexpr std::string_view kAll = "all";

struct PassVerbOptions {
  std::string pass;
  std::string source;
  std::string target;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.required("NAME", "a pass of `adze list passes`, or `all`: those that a graph goes through before it runs",
                       pass);
    arguments.required("IN", "a model with a graph of its own (ONNX, OpenVINO, TFLite)", source);
    arguments.takes_model(source);
    arguments.required("OUT", "the ONNX file to write; it appears when it is complete", target);
    arguments.json_flag(json);
  }
};

std::vector<std::string_view> passes_named(const std::string& name) {
  if (name == kAll) {
    const auto pipeline = passes::standard_pipeline();
    return {pipeline.begin(), pipeline.end()};
  }
  std::vector<std::string> known{std::string(kAll)};
  for (const auto& pass : passes::all_passes()) {
    if (pass.name == name) return {pass.name};
    known.emplace_back(pass.name);
  }
  fail(ErrorCode::not_found, "no pass '{}'{}; there are {}", name, suggestion_for(name, known), fmt::join(known, ", "));
}

report::Table passes_table(const std::vector<passes::PassReport>& reports) {
  using report::Align;
  report::Table table({{"Pass", "pass"},
                       {"Changed", "changed"},
                       {"Nodes before", "nodes_before", Align::right},
                       {"Nodes after", "nodes_after", Align::right},
                       {"Time", "seconds", Align::right}});
  for (const auto& one : reports) {
    table.add_row({one.pass, Cell::flag(one.changed), Cell::integer(static_cast<int64_t>(one.nodes_before)),
                   Cell::integer(static_cast<int64_t>(one.nodes_after)), Cell::seconds(one.seconds)});
  }
  return table;
}

void run_pass(const PassVerbOptions& options, Console& console) {
  const auto names = passes_named(options.pass);
  if (!is_graph_model(options.source))
    throw UsageError("IN must be a model with a graph of its own (ONNX, OpenVINO, TFLite)");
  if (!formats::is_onnx(options.target)) {
    throw UsageError(fmt::format("{}: what a pass leaves is written as ONNX; end OUT in .onnx", options.target));
  }
  auto imported = formats::read_graph(options.source);
  const auto graph = std::make_shared<graph::Graph>(graph::deep_copy(*imported.graph));
  passes::PassOptions pass_options;
  pass_options.weights = &imported.weights;
  const auto reports = passes::run_passes(*graph, names, pass_options);
  formats::write_onnx_graph({graph, imported.weights, imported.properties}, options.target, {});
  const auto table = passes_table(reports);
  options.json ? print_json(console, table.to_json()) : print_table(console, table);
}

constexpr Example kExamples[] = {
    {"pass fuse_convolutions model.onnx fused.onnx", "one rewrite, and what it changed"},
    {"pass all model.onnx ready.onnx", "as the model is before it runs here"},
};

}  // namespace

const Verb pass_verb = make_verb<PassVerbOptions, run_pass>({
    .name = "pass",
    .group = "Make",
    .summary = "rewrite the graph of a model by one pass",
    .description = "Runs one pass over a graph, verifies what it leaves and writes it as ONNX of the newest opset. The "
                   "result computes the same; other programs run it, too (fused convolutions are operators of ONNX "
                   "Runtime, domain com.microsoft).",
    .examples = kExamples,
});

}  // namespace adze::cli
