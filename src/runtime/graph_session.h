// Runs a graph that was read from a graph format: any shapes, standard ops one after the other.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/progress.h"
#include "base/thread_pool.h"
#include "graph/graph.h"
#include "model/model.h"
#include "ops/standard/host_value.h"
#include "tensor/tensor_memory.h"

namespace adze::runtime {

struct GraphSessionOptions {
  unsigned threads = 0;                // 0: one for each processor
  bool optimize = true;                // by passes::standard_pipeline() and layout_pipeline()
  const Progress* progress = nullptr;  // asked before each node whether to stop; must outlive the session
};

class GraphSession {
 public:
  /// Weights are looked up by the names of the graph's values; each stays where it is unless it must be moved to be
  /// aligned. Error(unsupported) for a node that is no standard op, Error(not_found) for a weight that is missing.
  GraphSession(std::shared_ptr<const graph::Graph> graph, model::TensorList weights, GraphSessionOptions options = {});
  ~GraphSession();

  /// Values by the names of the graph's inputs -> outputs in the graph's order. An input of an optional may be
  /// left out. Error(bad_input) for one that is missing, unknown, or not of its declared type; and for whatever a node
  /// refuses, which is named. Error(cancelled) when the session's progress says so; it can be run again.
  ops::HostValues run(const std::map<std::string, ops::HostValue>& inputs);

  /// Times of nodes are gathered from now on, summed over the runs that follow, in the order of the graph's nodes
  /// (those of sub-graphs count for the node that has them). Null: no longer.
  void measure(std::vector<int64_t>* node_ns) { node_ns_ = node_ns; }
  /// The most bytes that values between nodes took at a time so far.
  size_t peak_bytes() const { return memory_.peak_bytes(); }
  /// Of the arena in which they lie, from the third run with inputs of the same shapes on; 0 before, and where runs of
  /// the same shapes differ.
  size_t planned_bytes() const { return memory_.planned_bytes(); }

  unsigned threads() const { return pool_.size(); }
  /// As it is computed: optimized.
  const graph::Graph& graph() const { return *graph_; }

 private:
  struct InputMove;
  struct Plan;
  struct Scope;
  class MovedInputs;
  static std::unique_ptr<Plan> plan_of(const graph::Graph& graph, const model::TensorList& weights, const Plan* outer);
  ops::HostValues run_graph(Plan& plan, ops::HostValues inputs, const Scope* outer);
  ops::HostValues evaluated(Plan& plan, size_t node, Scope& scope);
  void run_node(Plan& plan, size_t node, Scope& scope);

  std::shared_ptr<const graph::Graph> graph_;
  std::unique_ptr<Plan> plan_;
  ThreadPool pool_;
  TensorMemory memory_;
  const Progress& progress_;
  std::vector<int64_t>* node_ns_ = nullptr;
};

}  // namespace adze::runtime
