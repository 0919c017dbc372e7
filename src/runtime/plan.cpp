#include "runtime/plan.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "ops/read_state/read_state.h"
#include "runtime/memory_plan.h"
#include "tensor/shape.h"

namespace adze::runtime {
namespace {

// The two symbols of a language model's graph, in the order in which DecoderBuilder declares them.
constexpr size_t kTokensSymbol = 0;
constexpr size_t kLogitRowsSymbol = 1;

int64_t rows_of(const std::vector<int64_t>& dims) {
  int64_t rows = 1;
  for (size_t axis = 0; axis + 1 < dims.size(); ++axis) rows *= dims[axis];
  return rows;
}

// The kernel reads rows of `weight`, which a prepared model may lack.
void require_rows(const graph::Value& weight, const ops::Kernel& kernel, const WeightStore& weights) {
  if (weight.origin != graph::ValueOrigin::weight || weights.has_rows(weight.name)) return;
  fail(ErrorCode::unsupported,
       "{}: prepared: '{}' is there only as fast kernels read it, but here the kernel '{}' runs, which reads rows; run "
       "the model that this one was prepared from, or choose 8-bit activations (`--activation auto`) if you asked for "
       "others",
       weights.source(), weight.name, kernel.name);
}

// What a product reads most of.
double weight_bytes(const PlannedNode& planned) {
  const auto& weight = planned.inputs[1].tensor;
  return static_cast<double>(weight.rows) * static_cast<double>(weight.row_bytes);
}

// That a light node turns over: of what it gives, else (where it only stores) of what it gets.
int64_t numbers_of(const PlannedNode& planned) {
  for (const auto* arguments : {&planned.outputs, &planned.inputs}) {
    for (const ops::Argument& argument : *arguments) {
      if (argument.tensor.data) return argument.tensor.rows * argument.tensor.row_length;
    }
  }
  return 0;
}

bool is_intermediate(const graph::Value& value) {
  return value.origin == graph::ValueOrigin::node && value.type.kind == graph::ValueKind::tensor &&
         std::all_of(value.type.dims.begin(), value.type.dims.end(), [](const auto& dim) { return dim.is_known(); });
}

}  // namespace

Plan::Plan(const graph::Graph& graph, WeightStore& weights, const KvCache& cache, const PlanOptions& options)
    : graph_(graph), options_(options), histories_(graph.values.size(), nullptr) {
  symbol_values_.assign(graph.symbols.size(), 0);
  symbol_values_.at(kTokensSymbol) = options.max_tokens;
  symbol_values_.at(kLogitRowsSymbol) = options.max_logit_rows;
  tokens_ = std::make_unique<std::vector<int32_t>>(static_cast<size_t>(options.max_tokens));

  std::vector<int64_t> bytes(graph.values.size(), 0);
  for (graph::ValueId id = 0; id < graph.values.size(); ++id) {
    if (!is_intermediate(graph.value(id))) continue;
    const auto dims = maximum_dims(id);
    bytes[id] = rows_of(dims) * row_bytes(*graph.value(id).type.storage, dims.back());
  }
  MemoryPlan memory = plan_memory(graph, bytes);
  offsets_ = std::move(memory.offsets);
  activations_ = backends::HostBuffer(static_cast<size_t>(memory.total_bytes));

  nodes_.reserve(graph.nodes.size());
  for (const graph::Node& node : graph.nodes) plan_node(node, weights, cache);
  plan_steps();
  logits_ = intermediate(graph.outputs.front());
  follow_row_counts();
}

// The kernels' lists are ordered alike for all nodes, so that siblings usually have the same kernel.
bool Plan::are_siblings(const PlannedNode& first, const PlannedNode& next) const {
  return next.choice.kernel == first.choice.kernel && next.node->inputs[0] == first.node->inputs[0];
}

void Plan::plan_steps() {
  size_t most_scratch = 0;
  for (size_t begin = 0; begin < nodes_.size();) {
    Step step{Step::Kind::apart, begin, begin + 1};
    const PlannedNode& first = nodes_[begin];
    size_t scratch = first.scratch_bytes;
    if (first.choice.kernel->run_siblings) {
      step.kind = Step::Kind::siblings;
      while (step.end < nodes_.size() && step.end - begin < ops::kMaxSiblings &&
             are_siblings(first, nodes_[step.end])) {
        scratch += nodes_[step.end++].scratch_bytes;
      }
    } else if (ops::op_of(*first.node).light) {
      step.kind = Step::Kind::light;
      while (step.end < nodes_.size() && ops::op_of(*nodes_[step.end].node).light) {
        scratch = std::max(scratch, nodes_[step.end++].scratch_bytes);
      }
    }
    most_scratch = std::max(most_scratch, scratch);
    steps_.push_back(step);
    begin = step.end;
  }
  for_one_thread_.assign(steps_.size() + 1, 0);
  scratch_ = backends::HostBuffer(most_scratch);
  for (const PlannedNode& node : nodes_) {
    calls_.push_back({node.inputs, node.outputs, node.parameters.get(), scratch_.data()});
  }
}

void Plan::follow_row_counts() {
  for (PlannedNode& planned : nodes_) {
    for (size_t i = 0; i < planned.inputs.size(); ++i) {
      const auto id = planned.node->inputs[i];
      if (planned.inputs[i].tensor.data && graph_.value(id).origin != graph::ValueOrigin::weight) {
        row_counts_.push_back({&planned.inputs[i].tensor, &graph_.value(id).type.dims});
      }
    }
    for (size_t i = 0; i < planned.outputs.size(); ++i) {
      if (!planned.outputs[i].tensor.data) continue;
      row_counts_.push_back({&planned.outputs[i].tensor, &graph_.value(planned.node->outputs[i]).type.dims});
    }
  }
}

std::vector<int64_t> Plan::maximum_dims(graph::ValueId id) const {
  std::vector<int64_t> dims;
  for (const auto& dim : graph_.value(id).type.dims) dims.push_back(dim.evaluate(symbol_values_).value_or(0));
  return dims;
}

StorageType Plan::bound_storage(graph::ValueId id, const KvCache& cache, const WeightStore& weights) const {
  const graph::Value& value = graph_.value(id);
  if (value.origin == graph::ValueOrigin::weight) return weights.storage_of(value.name);
  const bool is_remembered = value.origin == graph::ValueOrigin::state || histories_[id];
  if (is_remembered && !value.type.storage) return cache.storage();
  return value.type.storage;
}

ops::TensorView Plan::intermediate(graph::ValueId id) const {
  const auto dims = maximum_dims(id);
  const StorageType storage = graph_.value(id).type.storage;
  return {activations_.data() + offsets_[id], storage, rows_of(dims), dims.back(), row_bytes(*storage, dims.back())};
}

ops::Argument Plan::argument_for(graph::ValueId id, const KvCache& cache, WeightStore& weights) {
  ops::Argument argument;
  if (id == graph::kNoValue) return argument;
  const graph::Value& value = graph_.value(id);
  argument.given = true;
  if (value.type.kind == graph::ValueKind::batch) {
    argument.batch = batch_.get();
  } else if (value.origin == graph::ValueOrigin::state) {
    argument.state = cache.view(id);
  } else if (histories_[id]) {
    argument.state = histories_[id];
  } else if (value.origin == graph::ValueOrigin::weight) {
    argument = weights.plain(value.name);
  } else if (value.origin == graph::ValueOrigin::input && value.type.kind == graph::ValueKind::tensor) {
    auto* data = reinterpret_cast<std::byte*>(tokens_->data());
    argument.tensor = {data, value.type.storage, 1, options_.max_tokens, options_.max_tokens * 4};
  } else if (offsets_[id] != MemoryPlan::kNoOffset) {
    argument.tensor = intermediate(id);
  }
  return argument;
}

ops::KernelRequest Plan::request_for(const graph::Node& node, const void* parameters, const KvCache& cache,
                                     const WeightStore& weights) const {
  ops::KernelRequest request{node, parameters, {}, {}, options_.isa, options_.threads};
  request.packs_on_the_way = weights.memory() == WeightMemory::mapped;
  for (const auto id : node.inputs) {
    const bool given = id != graph::kNoValue;
    request.input_storages.push_back(given ? bound_storage(id, cache, weights) : nullptr);
    request.input_dims.push_back(given ? maximum_dims(id) : std::vector<int64_t>{});
  }
  return request;
}

void Plan::plan_node(const graph::Node& node, WeightStore& weights, const KvCache& cache) {
  if (node.op == &ops::read_state) {  // the history is the state itself
    histories_[node.outputs[0]] = cache.view(node.inputs[0]);
    return;
  }
  const ops::Op& op = ops::op_of(node);
  PlannedNode planned;
  planned.node = &node;
  if (op.resolve) planned.parameters = op.resolve(node);
  const auto request = request_for(node, planned.parameters.get(), cache, weights);
  planned.choice = ops::choose_kernel(request);
  const ops::Kernel& kernel = *planned.choice.kernel;
  const ops::WeightPacking* packing = kernel.packing ? kernel.packing(request) : nullptr;
  if (op.packed_input >= 0 && !packing) {
    require_rows(graph_.value(node.inputs[static_cast<size_t>(op.packed_input)]), kernel, weights);
  }
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const bool packed = packing && static_cast<int>(i) == op.packed_input;
    planned.inputs.push_back(packed ? weights.packed(graph_.value(node.inputs[i]).name, *packing)
                                    : argument_for(node.inputs[i], cache, weights));
  }
  for (const auto id : node.outputs) planned.outputs.push_back(argument_for(id, cache, weights));
  if (kernel.scratch_bytes) planned.scratch_bytes = kernel.scratch_bytes(request);
  nodes_.push_back(std::move(planned));
}

void Plan::set_batch(std::span<const int32_t> tokens, const ops::BatchView& batch) {
  std::copy(tokens.begin(), tokens.end(), tokens_->begin());
  *batch_ = batch;
  const auto token_count = static_cast<int64_t>(tokens.size());
  const auto logit_rows = static_cast<int64_t>(batch.logit_rows.size());
  if (symbol_values_[kTokensSymbol] == token_count && symbol_values_[kLogitRowsSymbol] == logit_rows) return;
  symbol_values_[kTokensSymbol] = token_count;
  symbol_values_[kLogitRowsSymbol] = logit_rows;
  for (const RowCount& count : row_counts_) {
    int64_t rows = 1;
    for (size_t axis = 0; axis + 1 < count.dims->size(); ++axis) rows *= *(*count.dims)[axis].evaluate(symbol_values_);
    count.view->rows = rows;
  }
  logits_.rows = logit_rows;
  for (size_t i = 0; i < steps_.size(); ++i) for_one_thread_[i] = is_small(steps_[i]);
}

// Whether one thread is done with a step before others could join.
bool Plan::is_small(const Step& step) const {
  constexpr int64_t kSmall = 8192;  // additions in about a microsecond
  if (step.kind != Step::Kind::light) return false;
  int64_t cost = 0;
  for (size_t i = step.begin; i < step.end; ++i) {
    cost += numbers_of(nodes_[i]) * ops::op_of(*nodes_[i].node).light;
  }
  return cost <= kSmall;
}

// Measures from one call to the next; the threads that meet hand it on to each other.
class Plan::Stopwatch {
 public:
  explicit Stopwatch(std::vector<NodeTime>* times) : times_(times), start_ns_(times ? now_ns() : 0) {}

  /// Several nodes are products.
  void end_of(std::span<const PlannedNode> nodes) {
    if (!times_) return;
    const int64_t end_ns = now_ns();
    const int64_t ns = end_ns - std::exchange(start_ns_, end_ns);
    if (nodes.size() == 1) return times_->push_back({nodes.data(), ns});
    double all_bytes = 0;
    for (const PlannedNode& node : nodes) all_bytes += weight_bytes(node);
    for (const PlannedNode& node : nodes) {
      times_->push_back({&node, static_cast<int64_t>(static_cast<double>(ns) * weight_bytes(node) / all_bytes)});
    }
  }

 private:
  std::vector<NodeTime>* times_;
  int64_t start_ns_;
};

void Plan::run_alone(size_t step, Stopwatch& watch) const {
  const Team alone(0, 1, nullptr);
  for (size_t i = steps_[step].begin; i < steps_[step].end; ++i) {
    nodes_[i].choice.kernel->run(calls_[i], alone);
    watch.end_of({&nodes_[i], 1});
  }
}

void Plan::run_steps(const Team& team, Stopwatch& watch) const {
  // What one thread does for all, the last one to be done with `nodes` does before the others go on.
  const auto meet_behind = [&](std::span<const PlannedNode> nodes, size_t next_step) {
    team.meet([&] {
      watch.end_of(nodes);
      if (for_one_thread_[next_step]) run_alone(next_step, watch);
    });
  };
  meet_behind({}, 0);
  for (size_t s = 0; s < steps_.size(); ++s) {
    if (for_one_thread_[s]) continue;
    const Step& step = steps_[s];
    const std::span nodes(nodes_.data() + step.begin, step.end - step.begin);
    const std::span calls(calls_.data() + step.begin, nodes.size());
    if (step.kind == Step::Kind::siblings) {
      nodes.front().choice.kernel->run_siblings(calls, team);
      meet_behind(nodes, s + 1);
      continue;
    }
    for (size_t i = 0; i < nodes.size(); ++i) {
      nodes[i].choice.kernel->run(calls[i], team);
      meet_behind(nodes.subspan(i, 1), i + 1 == nodes.size() ? s + 1 : steps_.size());
    }
  }
}

void Plan::run_observed(const Team& team) const {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    observer_->before(nodes_[i], team);
    team.wait();  // a kernel may write over what it reads
    nodes_[i].choice.kernel->run(calls_[i], team);
    team.wait();
  }
}

ops::TensorView Plan::run(std::span<const int32_t> tokens, const ops::BatchView& batch, ThreadPool& pool,
                          std::vector<NodeTime>* times) {
  set_batch(tokens, batch);
  if (times) times->clear();
  Barrier barrier(pool.size());
  Stopwatch watch(times);
  pool.run([&](unsigned thread) {
    const Team team(thread, pool.size(), &barrier);
    observer_ ? run_observed(team) : run_steps(team, watch);
  });
  return logits_;
}

}  // namespace adze::runtime
