// Runs a graph that was read from a graph format: any shapes, standard ops one after the other.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "graph/graph.h"
#include "model/model.h"
#include "ops/standard/host_value.h"

namespace adze::runtime {

class GraphSession {
 public:
  /// Weights are looked up by the names of the graph's values; each stays where it is unless it must be moved to be
  /// aligned. `threads` 0: one for each processor. Error(unsupported) for a node that is no standard op,
  /// Error(not_found) for a weight that is missing.
  GraphSession(std::shared_ptr<const graph::Graph> graph, const model::TensorList& weights, unsigned threads = 0);
  ~GraphSession();

  /// Values by the names of the graph's inputs -> outputs in the graph's order. Error(bad_input) for an input that is
  /// missing, unknown, or not of its declared type; and for whatever a node refuses, which is named.
  ops::HostValues run(const std::map<std::string, ops::HostValue>& inputs);

  const graph::Graph& graph() const { return *graph_; }

 private:
  struct Plan;
  struct Scope;
  static std::unique_ptr<Plan> plan_of(const graph::Graph& graph, const model::TensorList& weights);
  ops::HostValues run_graph(const Plan& plan, ops::HostValues inputs, const Scope* outer);
  void run_node(const Plan& plan, size_t node, Scope& scope);

  std::shared_ptr<const graph::Graph> graph_;
  std::unique_ptr<Plan> plan_;
  ThreadPool pool_;
};

}  // namespace adze::runtime
