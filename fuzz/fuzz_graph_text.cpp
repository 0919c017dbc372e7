// Any text: an Error, or a graph that prints to a text which is a fixed point. Verification must survive it too.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "graph/graph.h"
#include "graph/test_equality.h"
#include "graph/test_ops.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace adze;
  graph::Graph graph;
  try {
    graph = graph::test::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const Error&) {
    return 0;
  }
  const auto text = graph::to_text(graph);
  const auto back = graph::test::parse(text);
  if (!graph::test::first_difference(graph, back).empty() || graph::to_text(back) != text) __builtin_trap();
  try {
    graph::verify(graph);
  } catch (const Error&) {
  }
  return 0;
}
