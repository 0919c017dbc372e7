#include "passes/new_names.h"

#include <fmt/format.h>

namespace adze::passes {

NewNames::NewNames(const graph::Graph& graph) {
  for (const graph::Node& node : graph.nodes) taken_.insert(node.name);
  for (const graph::Value& value : graph.values) taken_.insert(value.name);
}

std::string NewNames::like(const std::string& name) {
  std::string candidate = name;
  for (size_t number = 2; !taken_.insert(candidate).second; ++number) candidate = fmt::format("{}.{}", name, number);
  return candidate;
}

}  // namespace adze::passes
