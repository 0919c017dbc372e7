#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "passes/pass.h"

namespace adze::passes {
namespace {

const Pass& pass_named(std::string_view name) {
  const auto passes = all_passes();
  const auto found = std::ranges::find(passes, name, &Pass::name);
  if (found != passes.end()) return *found;
  std::string known;
  for (const Pass& pass : passes) known += fmt::format("{}{}", known.empty() ? "" : ", ", pass.name);
  fail(ErrorCode::bad_input, "there is no pass '{}'; known are {}", name, known);
}

size_t count_nodes(const graph::Graph& graph) {
  size_t count = graph.nodes.size();
  for (const auto& node : graph.nodes) {
    for (const auto& subgraph : node.subgraphs) count += count_nodes(*subgraph);
  }
  return count;
}

// Innermost first: what a sub-graph no longer captures, its enclosing graph may no longer need.
bool apply_to_all(const Pass& pass, const PassContext& context) {
  bool changed = false;
  for (const auto& node : context.graph.nodes) {
    for (const auto& subgraph : node.subgraphs) {
      changed |= apply_to_all(pass, {*subgraph, context.options, &context});
    }
  }
  return pass.apply(context) || changed;
}

void verify_after(const Pass& pass, const graph::Graph& graph) {
  try {
    graph::verify(graph);
  } catch (const Error& error) {
    fail(ErrorCode::internal, "pass '{}' broke the graph: {}", pass.name, error.what());
  }
}

PassReport run_pass(const Pass& pass, graph::Graph& graph, const PassOptions& options) {
  PassReport report{pass.name, false, 0, count_nodes(graph), 0};
  const int64_t start = now_ns();
  report.changed = apply_to_all(pass, {graph, options, nullptr});
  report.seconds = seconds_since(start);
  report.nodes_after = count_nodes(graph);
  if (options.verify_after_each) verify_after(pass, graph);
  if (options.after_pass) options.after_pass(report, graph);
  return report;
}

}  // namespace

StorageType PassContext::weight_storage(graph::ValueId id) const {
  const graph::Value& value = graph.value(id);
  if (value.type.storage) return value.type.storage;
  if (value.origin == graph::ValueOrigin::captured && enclosing) return enclosing->weight_storage(value.outer);
  if (value.origin == graph::ValueOrigin::weight && options.storage_of_weight) {
    return options.storage_of_weight(value.name);
  }
  return nullptr;
}

std::vector<PassReport> run_passes(graph::Graph& graph, std::span<const std::string_view> names,
                                   const PassOptions& options) {
  for (const auto& name : options.disabled) pass_named(name);
  std::vector<const Pass*> chosen;
  for (const auto name : names) {
    const Pass& pass = pass_named(name);
    if (!options.disabled.contains(name)) chosen.push_back(&pass);
  }
  std::vector<PassReport> reports;
  for (const Pass* pass : chosen) reports.push_back(run_pass(*pass, graph, options));
  return reports;
}

std::vector<PassReport> run_passes(graph::Graph& graph, const PassOptions& options) {
  return run_passes(graph, default_pipeline(), options);
}

}  // namespace adze::passes
