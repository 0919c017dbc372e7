// A Graph compiled for this machine: a flat list of resolved kernel calls. Running it looks nothing up and allocates
// nothing.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "backends/cpu/host_buffer.h"
#include "base/thread_pool.h"
#include "graph/graph.h"
#include "ops/op.h"
#include "runtime/kv_cache.h"
#include "runtime/weight_store.h"

namespace adze::runtime {

struct PlanOptions {
  int64_t max_tokens = 512;      // rows of one packed batch
  int64_t max_logit_rows = 512;  // of them with logits
  unsigned threads = 1;
  Isa isa = active_isa();
};

/// One node with the kernel that was chosen for it and its resolved arguments.
struct PlannedNode {
  const graph::Node* node = nullptr;
  ops::KernelChoice choice;
  std::shared_ptr<const void> parameters;
  std::vector<ops::Argument> inputs;
  std::vector<ops::Argument> outputs;
  size_t scratch_bytes = 0;
};

/// Consecutive nodes, run with one meeting of the threads at their end where that is possible; light ones with none of
/// their own: the thread that comes last to the meeting before runs them.
struct Step {
  enum class Kind {
    apart,     // one node
    siblings,  // products of the same x, as one call of their kernel
    light,     // nodes that one thread runs for all while there are few rows
  };
  Kind kind = Kind::apart;
  size_t begin = 0;  // nodes [begin, end)
  size_t end = 0;
};

/// Time of one node in a measured run, until the last thread is done; siblings share out theirs by bytes of weights.
struct NodeTime {
  const PlannedNode* node;
  int64_t ns;
};

/// Looks at the values of a running plan.
class NodeObserver {
 public:
  virtual ~NodeObserver() = default;
  /// Called on every thread of the team before a node runs, when its inputs are complete. Must not throw.
  virtual void before(const PlannedNode& node, const Team& team) = 0;
};

class Plan {
 public:
  /// REQUIRES: graph, weights and cache outlive the plan; weights.fill() before the first run.
  Plan(const graph::Graph& graph, WeightStore& weights, const KvCache& cache, const PlanOptions& options);

  /// Runs a packed batch. REQUIRES: as many tokens as positions, sizes within the options. Returns one row per
  /// logit row, valid until the next run. With `times`, also the time of every node.
  ops::TensorView run(std::span<const int32_t> tokens, const ops::BatchView& batch, ThreadPool& pool,
                      std::vector<NodeTime>* times = nullptr);

  /// From now on every node runs by itself, behind the observer; null: stops.
  void observe(NodeObserver* observer) { observer_ = observer; }

  std::span<const PlannedNode> nodes() const { return nodes_; }
  std::span<const Step> steps() const { return steps_; }
  size_t activation_bytes() const { return activations_.size() + scratch_.size(); }

 private:
  struct RowCount {  // an argument whose row count follows the sizes of the batch
    ops::TensorView* view;
    const std::vector<graph::Dim>* dims;
  };

  void plan_node(const graph::Node& node, WeightStore& weights, const KvCache& cache);
  ops::Argument argument_for(graph::ValueId id, const KvCache& cache, WeightStore& weights);
  ops::KernelRequest request_for(const graph::Node& node, const void* parameters, const KvCache& cache,
                                 const WeightStore& weights) const;
  void plan_steps();
  bool are_siblings(const PlannedNode& first, const PlannedNode& next) const;
  void follow_row_counts();
  void set_batch(std::span<const int32_t> tokens, const ops::BatchView& batch);
  class Stopwatch;
  void run_steps(const Team& team, Stopwatch& watch) const;
  void run_alone(size_t step, Stopwatch& watch) const;
  void run_observed(const Team& team) const;
  bool is_small(const Step& step) const;
  ops::TensorView intermediate(graph::ValueId id) const;
  std::vector<int64_t> maximum_dims(graph::ValueId id) const;
  StorageType bound_storage(graph::ValueId id, const KvCache& cache, const WeightStore& weights) const;

  const graph::Graph& graph_;
  PlanOptions options_;
  std::vector<int64_t> offsets_;                  // of intermediate values
  std::vector<const ops::StateView*> histories_;  // by ValueId: the state that a read_state passes through
  backends::HostBuffer activations_;
  backends::HostBuffer scratch_;
  std::vector<PlannedNode> nodes_;
  std::vector<ops::KernelCall> calls_;  // of the nodes
  std::vector<Step> steps_;
  std::vector<uint8_t> for_one_thread_;  // by step, at the sizes of the batch; 0 behind the last
  std::vector<RowCount> row_counts_;
  std::vector<int64_t> symbol_values_;
  std::unique_ptr<ops::BatchView> batch_ = std::make_unique<ops::BatchView>();
  std::unique_ptr<std::vector<int32_t>> tokens_;
  ops::TensorView logits_;
  NodeObserver* observer_ = nullptr;
};

}  // namespace adze::runtime
