#include "runtime/plan.h"

#include <algorithm>

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

// What a product reads most of.
double weight_bytes(const PlannedNode& planned) {
  const auto& weight = planned.inputs[1].tensor;
  return static_cast<double>(weight.rows) * static_cast<double>(weight.row_bytes);
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
  if (value.origin == graph::ValueOrigin::state || histories_[id]) return cache.storage();
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
}

bool Plan::is_for_one_thread(const Step& step) const {
  constexpr int64_t kNumbers = 16384;  // which one thread turns over while others would meet
  int64_t numbers = 0;
  for (size_t i = step.begin; i < step.end; ++i) {
    const auto& view = nodes_[i].inputs.front().tensor;
    numbers += view.rows * view.row_length;
  }
  return numbers <= kNumbers;
}

void Plan::run_in_turn(const Step& step, const Team& team, std::vector<NodeTime>* times) const {
  const bool one_thread = step.kind == Step::Kind::light && is_for_one_thread(step);
  const Team alone(0, 1, nullptr);
  for (size_t i = step.begin; i < step.end; ++i) {
    const int64_t start_ns = times ? now_ns() : 0;
    if (!one_thread) {
      nodes_[i].choice.kernel->run(calls_[i], team);
      team.wait();
    } else if (team.thread() == 0) {
      nodes_[i].choice.kernel->run(calls_[i], alone);
    }
    if (times && team.thread() == 0) times->push_back({&nodes_[i], now_ns() - start_ns});
  }
  if (one_thread) team.wait();
}

void Plan::run_step(const Step& step, const Team& team, std::vector<NodeTime>* times) const {
  if (step.kind != Step::Kind::siblings) return run_in_turn(step, team, times);
  const std::span<const ops::KernelCall> calls(calls_.data() + step.begin, step.end - step.begin);
  const int64_t start_ns = times ? now_ns() : 0;
  nodes_[step.begin].choice.kernel->run_siblings(calls, team);
  team.wait();
  if (!times || team.thread() != 0) return;
  const auto ns = static_cast<double>(now_ns() - start_ns);
  double all_bytes = 0;
  for (size_t i = step.begin; i < step.end; ++i) all_bytes += weight_bytes(nodes_[i]);
  for (size_t i = step.begin; i < step.end; ++i) {
    times->push_back({&nodes_[i], static_cast<int64_t>(ns * weight_bytes(nodes_[i]) / all_bytes)});
  }
}

ops::TensorView Plan::run(std::span<const int32_t> tokens, const ops::BatchView& batch, ThreadPool& pool,
                          std::vector<NodeTime>* times) {
  set_batch(tokens, batch);
  if (times) times->clear();
  Barrier barrier(pool.size());
  pool.run([&](unsigned thread) {
    const Team team(thread, pool.size(), &barrier);
    for (const Step& step : steps_) run_step(step, team, times);
  });
  return logits_;
}

}  // namespace adze::runtime
