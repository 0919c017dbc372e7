#include "graph/rewrite.h"

#include <gtest/gtest.h>

#include "graph/test_ops.h"

namespace adze::graph {
namespace {

constexpr std::string_view kBefore = R"(graph "g" {
  input %x: f32[2]
  weight %idle: ?[9]
  constant %unused: f32[1] = 0x00000040
  %a: f32[2] = add(%x, %x)
  %b: f32[2] = add(%x, %x)
  %c: f32[2] = add(%b, _)
  %r: f32[2] = run()
    graph "body" {
      capture %inner: f32[2] from %b
      capture %idle: f32[2] from %x
      return %inner
    }
  return %b, %c, %r
}
)";

TEST(Rewrite, ReplacesUsesEverywhereAndRemovesNodes) {
  Graph graph = test::parse(kBefore);
  std::vector<ValueId> replacements(graph.values.size(), kNoValue);
  replacements[*graph.find_value("b")] = *graph.find_value("a");
  replace_uses(graph, replacements);
  remove_nodes(graph, {false, true, false, false});
  EXPECT_TRUE(remove_unused_values(graph));
  EXPECT_FALSE(remove_unused_values(graph));
  EXPECT_TRUE(remove_unused_values(*graph.nodes[2].subgraphs[0]));
  EXPECT_EQ(to_text(graph), R"(graph "g" {
  input %x: f32[2]
  %a: f32[2] = add(%x, %x)
  %c: f32[2] = add(%a, _)
  %r: f32[2] = run()
    graph "body" {
      capture %inner: f32[2] from %a
      return %inner
    }
  return %a, %c, %r
}
)");
}

TEST(Rewrite, FollowsChainsOfReplacements) {
  Graph graph = test::parse(kBefore);
  std::vector<ValueId> replacements(graph.values.size(), kNoValue);
  replacements[*graph.find_value("c")] = *graph.find_value("b");
  replacements[*graph.find_value("b")] = *graph.find_value("a");
  replace_uses(graph, replacements);
  EXPECT_EQ(graph.outputs[1], *graph.find_value("a"));
}

}  // namespace
}  // namespace adze::graph
