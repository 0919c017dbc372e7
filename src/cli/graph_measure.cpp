#include "cli/graph_measure.h"

#include <algorithm>
#include <ctime>

#include "base/clock.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "formats/graph_format.h"
#include "report/display_width.h"
#include "report/format_quantity.h"
#include "runtime/graph_session.h"

namespace adze::cli {
namespace {

using report::Align;
using report::Cell;

/// A round runs the model for at least this long: small models end in microseconds.
constexpr double kRoundSeconds = 0.05;

struct Measured {
  unsigned threads = 0;
  double load_seconds = 0;
  std::vector<double> seconds;   // of each run
  double processor_seconds = 0;  // of a run, on all threads
  size_t peak_bytes = 0;
};

double median(std::vector<double> numbers) {
  std::ranges::sort(numbers);
  const size_t middle = numbers.size() / 2;
  return numbers.size() % 2 == 1 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2;
}

runtime::GraphSessionOptions session_options(int64_t threads, const Progress& progress) {
  return {.threads = static_cast<unsigned>(threads), .progress = &progress};
}

Measured measure(const formats::StandardGraph& imported, const GraphBenchRequest& request, int64_t threads,
                 const Progress& progress) {
  const int64_t start = now_ns();
  runtime::GraphSession session(imported.graph, imported.weights, session_options(threads, progress));
  const auto inputs = graph_inputs(*imported.graph, request.inputs);
  session.run(inputs);  // packs weights
  Measured result{session.threads(), seconds_since(start), {}, 0, 0};
  session.run(inputs);
  const std::clock_t processor_start = std::clock();
  for (int64_t round = 0; round < request.rounds; ++round) {
    const int64_t round_start = now_ns();
    do {
      const int64_t begin = now_ns();
      session.run(inputs);
      result.seconds.push_back(seconds_since(begin));
    } while (seconds_since(round_start) < kRoundSeconds);
  }
  const auto ticks = static_cast<double>(std::clock() - processor_start);
  result.processor_seconds = ticks / CLOCKS_PER_SEC / static_cast<double>(std::max<size_t>(1, result.seconds.size()));
  result.peak_bytes = session.peak_bytes();
  return result;
}

report::Table bench_table(const std::vector<Measured>& list) {
  report::Table table({{"Threads", "threads", Align::right},
                       {"Median", "seconds", Align::right},
                       {"Fastest", "fastest_seconds", Align::right},
                       {"Processor", "processor_seconds", Align::right},
                       {"Runs/s", "runs_per_second", Align::right},
                       {"Start", "load_seconds", Align::right},
                       {"Values", "peak_bytes", Align::right}});
  for (const Measured& one : list) {
    const double middle = median(one.seconds);
    table.add_row({Cell::integer(one.threads), Cell::seconds(middle), Cell::seconds(std::ranges::min(one.seconds)),
                   Cell::seconds(one.processor_seconds), Cell::shown_as(report::format_count(1 / middle), 1 / middle),
                   Cell::seconds(one.load_seconds), Cell::bytes(static_cast<int64_t>(one.peak_bytes))});
  }
  return table;
}

struct Explained {
  std::string node, op;
  int64_t nodes = 1;
  int64_t ns = 0;
};

/// Of all runs together.
std::vector<Explained> explained_nodes(const graph::Graph& graph, const std::vector<int64_t>& times) {
  std::vector<Explained> list;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    list.push_back({graph.nodes[i].name, std::string(graph.nodes[i].op->name), 1, i < times.size() ? times[i] : 0});
  }
  return list;
}

std::vector<Explained> by_op(const std::vector<Explained>& nodes) {
  std::vector<Explained> ops;
  for (const Explained& node : nodes) {
    const auto found = std::ranges::find(ops, node.op, &Explained::op);
    if (found == ops.end()) {
      ops.push_back({"", node.op, 1, node.ns});
    } else {
      ++found->nodes;
      found->ns += node.ns;
    }
  }
  std::ranges::stable_sort(ops, [](const auto& a, const auto& b) { return a.ns > b.ns; });
  return ops;
}

report::Table explain_table(const std::vector<Explained>& list, bool nodes, bool time, int64_t runs) {
  std::vector<report::Column> columns;
  if (nodes) columns.push_back({"Node", "node", Align::left, true});
  columns.push_back({"Op", "op"});
  if (!nodes) columns.push_back({"Nodes", "nodes", Align::right});
  if (time) columns.push_back({"Time", "seconds", Align::right});
  if (time) columns.push_back({"Share", "share", Align::right});
  report::Table table(columns);
  double total = 0;
  for (const auto& one : list) total += static_cast<double>(one.ns);
  for (const auto& one : list) {
    std::vector<Cell> cells;
    if (nodes) cells.emplace_back(report::printable(one.node));
    cells.emplace_back(one.op);
    if (!nodes) cells.push_back(Cell::integer(one.nodes));
    if (time) cells.push_back(Cell::seconds(static_cast<double>(one.ns) * 1e-9 / static_cast<double>(runs)));
    if (time) cells.push_back(Cell::percent(total > 0 ? static_cast<double>(one.ns) / total : 0));
    table.add_row(std::move(cells));
  }
  return table;
}

}  // namespace

void bench_graph_model(const GraphBenchRequest& request, Console& console) {
  const auto imported = formats::read_graph(request.path);
  const ProgressBar progress(console);
  std::vector<Measured> list;
  for (const int64_t threads : request.threads) list.push_back(measure(imported, request, threads, progress));
  const auto table = bench_table(list);
  request.json ? print_json(console, table.to_json()) : print_table(console, table);
}

void explain_graph_model(const GraphExplainRequest& request, Console& console) {
  constexpr int64_t kRuns = 10;
  const auto imported = formats::read_graph(request.path);
  const ProgressBar progress(console);
  runtime::GraphSession session(imported.graph, imported.weights, session_options(request.threads, progress));
  std::vector<int64_t> times;
  if (request.time) {
    const auto inputs = graph_inputs(*imported.graph, request.inputs);
    session.run(inputs);
    session.measure(&times);
    for (int64_t run = 0; run < kRuns; ++run) session.run(inputs);
    session.measure(nullptr);
  }
  const auto nodes = explained_nodes(session.graph(), times);
  const auto table = explain_table(request.all ? nodes : by_op(nodes), request.all, request.time, kRuns);
  if (request.json) return print_json(console, table.to_json());
  print_table(console, table);
  if (!request.time) return;
  report::FactList facts;
  facts.add("Values at a time", "peak_bytes", Cell::bytes(static_cast<int64_t>(session.peak_bytes())));
  facts.add("Planned arena", "planned_bytes", Cell::bytes(static_cast<int64_t>(session.planned_bytes())));
  console.write("\n");
  print_facts(console, facts);
}

}  // namespace adze::cli
