// A computation over standard ops, as readers of graph formats give it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "model/model.h"

namespace adze::formats {

/// With the tensors that it names as weights.
struct StandardGraph {
  std::shared_ptr<const graph::Graph> graph;
  model::TensorList weights;
  /// What the file says of the model for programs that use it, such as the names of classes: keys and values.
  std::vector<std::pair<std::string, std::string>> properties = {};
};

}  // namespace adze::formats
