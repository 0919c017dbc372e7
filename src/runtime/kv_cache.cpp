#include "runtime/kv_cache.h"

#include "base/error.h"
#include "tensor/shape.h"

namespace adze::runtime {
namespace {

int64_t pages_for(int64_t tokens) { return (tokens + KvCache::kPageTokens - 1) / KvCache::kPageTokens; }

ops::StateView layout_of(const graph::Value& state, StorageType storage) {
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
    ops::StateView view = layout_of(graph.value(id), storage);
    backends::HostBuffer buffer(static_cast<size_t>(page_count_ * view.page_bytes));
    view.pages = buffer.data();
    token_bytes_ += view.heads * view.token_bytes;
    states_.push_back({id, std::move(buffer), view});
  }
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
  }
}

void KvCache::shrink(std::vector<int32_t>& table, int64_t tokens) {
  const auto kept = static_cast<size_t>(pages_for(tokens));
  while (table.size() > kept) {
    free_pages_.push_back(table.back());
    table.pop_back();
  }
}

}  // namespace adze::runtime
