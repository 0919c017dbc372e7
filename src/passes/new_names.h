// Names for nodes and values that a pass adds.
#pragma once

#include <set>
#include <string>

#include "graph/graph.h"

namespace adze::passes {

class NewNames {
 public:
  /// Those of its nodes and values are taken.
  explicit NewNames(const graph::Graph& graph);

  /// `name`, with a number behind it where it is taken; taken from now on.
  std::string like(const std::string& name);

 private:
  std::set<std::string> taken_;
};

}  // namespace adze::passes
