#include "runtime/kv_cache.h"

#include <algorithm>

#include "base/error.h"
#include "ops/attention/attention.h"
#include "ops/read_state/read_state.h"
#include "ops/turned_rows.h"
#include "tensor/shape.h"

namespace adze::runtime {
namespace {

// The state that a history comes from.
bool reads(const graph::Node& node, graph::ValueId state, graph::ValueId history) {
  return node.op == &ops::read_state && node.inputs[0] == state && node.outputs[0] == history;
}

// Whether attention takes the state's history as input number `index`.
bool attention_takes(const graph::Graph& graph, graph::ValueId state, size_t index) {
  const auto takes = [&](const graph::Node& node) {
    if (node.op != &ops::attention) return false;
    return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                       [&](const graph::Node& reader) { return reads(reader, state, node.inputs[index]); });
  };
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), takes);
}

// Keys are stored as the fast kernels use them.
ops::StateLayout layout_for(const graph::Graph& graph, graph::ValueId state) {
  static_assert(KvCache::kPageTokens % ops::kTurnedTokens == 0);
  const bool only_keys = attention_takes(graph, state, 1) && !attention_takes(graph, state, 2);
  return only_keys ? ops::StateLayout::turned : ops::StateLayout::rows;
}

ops::StateView running_view_of(const graph::Value& state) {
  ops::StateView view;
  view.storage = state.type.storage;
  view.page_tokens = KvCache::kPageTokens;
  view.heads = state.type.dims[0].constant();
  view.head_dim = state.type.dims[1].constant();
  view.page_bytes = view.heads * row_bytes(*view.storage, view.head_dim);
  view.layout = ops::StateLayout::running;
  return view;
}

ops::StateView view_of(const graph::Value& state, StorageType storage) {
  ops::StateView view;
  view.storage = storage;
  view.page_tokens = KvCache::kPageTokens;
  view.heads = state.type.dims[0].constant();
  view.head_dim = state.type.dims[1].constant();
  if (!fits_blocks(*storage, view.head_dim)) {
    fail(ErrorCode::unsupported, "state '{}': heads of {} numbers do not divide into {} blocks; use f16", state.name,
         view.head_dim, storage->name);
  }
  view.token_bytes = row_bytes(*storage, view.head_dim);
  view.page_bytes = view.heads * view.page_tokens * view.token_bytes;
  return view;
}

}  // namespace

KvCache::KvCache(const graph::Graph& graph, StorageType storage, int64_t context_tokens)
    : storage_(storage), page_count_(pages_for(context_tokens)) {
  for (graph::ValueId id = 0; id < graph.values.size(); ++id) {
    if (graph.value(id).origin != graph::ValueOrigin::state) continue;
    const bool is_running = graph.value(id).type.storage != nullptr;
    ops::StateView view = is_running ? running_view_of(graph.value(id)) : view_of(graph.value(id), storage);
    if (!is_running) view.layout = layout_for(graph, id);
    backends::HostBuffer buffer(static_cast<size_t>(page_count_ * view.page_bytes));
    view.pages = buffer.data();
    (is_running ? sequence_bytes_ : token_bytes_) += is_running ? view.page_bytes : view.heads * view.token_bytes;
    states_.push_back({id, std::move(buffer), view});
  }
  holders_.assign(static_cast<size_t>(page_count_), 0);
  for (int64_t page = page_count_; page > 0; --page) free_pages_.push_back(static_cast<int32_t>(page - 1));
}

const ops::StateView* KvCache::view(graph::ValueId state) const {
  for (const auto& memory : states_) {
    if (memory.state == state) return &memory.view;
  }
  fail(ErrorCode::internal, "value {} is not a state of this graph", state);
}

void KvCache::grow(std::vector<int32_t>& table, int64_t tokens) {
  const auto needed = static_cast<size_t>(pages_for(tokens));
  if (needed > table.size() + free_pages_.size()) {
    fail(ErrorCode::out_of_memory, "the context is full: {} tokens do not fit into {}; raise --context", tokens,
         capacity_tokens());
  }
  while (table.size() < needed) {
    table.push_back(free_pages_.back());
    free_pages_.pop_back();
    hold(table.back());
  }
}

void KvCache::shrink(std::vector<int32_t>& table, int64_t tokens) {
  const auto kept = static_cast<size_t>(pages_for(tokens));
  while (table.size() > kept) {
    let_go(table.back());
    table.pop_back();
  }
}

void KvCache::let_go(int32_t page) {
  if (--holders_[static_cast<size_t>(page)] == 0) free_pages_.push_back(page);
}

}  // namespace adze::runtime
