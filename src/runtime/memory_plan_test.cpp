#include "runtime/memory_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "codecs/codec.h"
#include "runtime/loaded_model.h"
#include "runtime/tiny_model_for_test.h"

namespace adze::runtime {
namespace {

struct Lifetime {
  size_t first = SIZE_MAX;
  size_t last = 0;
};

std::vector<Lifetime> lifetimes(const graph::Graph& graph) {
  std::vector<Lifetime> lives(graph.values.size());
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    for (const auto id : graph.nodes[index].outputs) lives[id] = {index, index};
    for (const auto id : graph.nodes[index].inputs) lives[id].last = index;
  }
  for (const auto id : graph.outputs) lives[id].last = graph.nodes.size();
  return lives;
}

// Number i of the output replaces number i of a value that nobody needs any more.
bool replaces(const graph::Graph& graph, const std::vector<Lifetime>& lives, graph::ValueId old, graph::ValueId made) {
  const size_t index = lives[made].first;
  if (index >= graph.nodes.size() || lives[old].last != index || !ops::op_of(graph.nodes[index]).in_place) return false;
  const auto& inputs = graph.nodes[index].inputs;
  return std::find(inputs.begin(), inputs.end(), old) != inputs.end();
}

TEST(MemoryPlan, ValuesAliveTogetherDoNotOverlap) {
  const LoadedModel model(tiny_model(&codecs::f32.info), passes::ActivationPolicy::f32);
  const graph::Graph& graph = model.graph();
  std::vector<int64_t> bytes(graph.values.size(), 0);
  int64_t total = 0;
  for (const auto& node : graph.nodes) {
    for (const auto id : node.outputs) total += bytes[id] = 100 + 40 * static_cast<int64_t>(id % 3);
  }
  const MemoryPlan plan = plan_memory(graph, bytes);
  EXPECT_LT(plan.total_bytes, total / 3) << "memory is not reused";
  const auto lives = lifetimes(graph);
  int in_place = 0;
  for (graph::ValueId a = 0; a < bytes.size(); ++a) {
    if (bytes[a] == 0) continue;
    EXPECT_LE(plan.offsets[a] + bytes[a], plan.total_bytes);
    for (graph::ValueId b = a + 1; b < bytes.size(); ++b) {
      const bool together = bytes[b] > 0 && lives[a].first <= lives[b].last && lives[b].first <= lives[a].last;
      if (!together) continue;
      if (plan.offsets[a] == plan.offsets[b] && bytes[a] == bytes[b] &&
          (replaces(graph, lives, a, b) || replaces(graph, lives, b, a))) {
        ++in_place;
        continue;
      }
      EXPECT_TRUE(plan.offsets[a] + bytes[a] <= plan.offsets[b] || plan.offsets[b] + bytes[b] <= plan.offsets[a])
          << graph.value(a).name << " overlaps " << graph.value(b).name;
    }
  }
  EXPECT_GT(in_place, 0);
}

}  // namespace
}  // namespace adze::runtime
