#include "runtime/memory_plan.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "ops/op.h"

namespace adze::runtime {
namespace {

constexpr int64_t kAlignment = 64;  // a cache line

// Free stretches of one growing buffer, merged with their neighbours when given back.
class Arena {
 public:
  int64_t take(int64_t bytes) {
    auto best = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it) {
      if (it->second >= bytes && (best == free_.end() || it->second < best->second)) best = it;
    }
    if (best == free_.end()) return grow(bytes);
    const auto [offset, size] = *best;
    free_.erase(best);
    if (size > bytes) free_.emplace(offset + bytes, size - bytes);
    return offset;
  }
  void give_back(int64_t offset, int64_t bytes) {
    auto place = free_.emplace(offset, bytes).first;
    const auto next = std::next(place);
    if (next != free_.end() && place->first + place->second == next->first) {
      place->second += next->second;
      free_.erase(next);
    }
    if (place == free_.begin()) return;
    const auto previous = std::prev(place);
    if (previous->first + previous->second != place->first) return;
    previous->second += place->second;
    free_.erase(place);
  }
  int64_t size() const { return size_; }

 private:
  int64_t grow(int64_t bytes) {
    // A free stretch at the end is extended instead of left behind.
    int64_t offset = size_;
    if (!free_.empty()) {
      const auto last = std::prev(free_.end());
      if (last->first + last->second == size_) {
        offset = last->first;
        free_.erase(last);
      }
    }
    size_ = offset + bytes;
    return offset;
  }
  std::map<int64_t, int64_t> free_;  // offset -> bytes
  int64_t size_ = 0;
};

// By ValueId: the last node that reads it; the number of nodes for outputs of the graph.
std::vector<size_t> last_uses(const graph::Graph& graph) {
  std::vector<size_t> last(graph.values.size(), 0);
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    for (const auto output : graph.nodes[index].outputs) last[output] = index;
    for (const auto input : graph.nodes[index].inputs) {
      if (input != graph::kNoValue) last[input] = index;
    }
  }
  for (const auto output : graph.outputs) last[output] = graph.nodes.size();
  return last;
}

// An input of `node`, whose index is `index`, that the output may be written over; kNoValue: none.
graph::ValueId replaced_input(const graph::Node& node, size_t index, const std::vector<size_t>& last,
                              const std::vector<int64_t>& bytes) {
  const ops::Op& op = ops::op_of(node);
  if (!op.in_place && !op.in_place_of_first) return graph::kNoValue;
  const std::span inputs(node.inputs.data(), op.in_place ? node.inputs.size() : 1);
  for (const auto input : inputs) {
    if (input != graph::kNoValue && last[input] == index && bytes[input] == bytes[node.outputs[0]]) return input;
  }
  return graph::kNoValue;
}

}  // namespace

MemoryPlan plan_memory(const graph::Graph& graph, const std::vector<int64_t>& bytes) {
  const auto last = last_uses(graph);
  std::vector<std::vector<graph::ValueId>> dying(graph.nodes.size() + 1);
  for (graph::ValueId id = 0; id < graph.values.size(); ++id) dying[last[id]].push_back(id);

  MemoryPlan plan;
  plan.offsets.assign(graph.values.size(), MemoryPlan::kNoOffset);
  Arena arena;
  const auto aligned = [&](graph::ValueId id) { return (bytes[id] + kAlignment - 1) / kAlignment * kAlignment; };
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    const auto replaced = replaced_input(graph.nodes[index], index, last, bytes);
    const bool in_place = replaced != graph::kNoValue && plan.offsets[replaced] != MemoryPlan::kNoOffset;
    for (const auto output : graph.nodes[index].outputs) {
      if (bytes[output] > 0) plan.offsets[output] = in_place ? plan.offsets[replaced] : arena.take(aligned(output));
    }
    for (const auto value : dying[index]) {
      if (in_place && value == replaced) continue;
      if (plan.offsets[value] != MemoryPlan::kNoOffset) arena.give_back(plan.offsets[value], aligned(value));
    }
  }
  plan.total_bytes = arena.size();
  return plan;
}

}  // namespace adze::runtime
