// A computation over standard ops, as readers of graph formats give it.
#pragma once

#include <memory>

#include "graph/graph.h"
#include "model/model.h"

namespace adze::formats {

/// With the tensors that it names as weights.
struct StandardGraph {
  std::shared_ptr<const graph::Graph> graph;
  model::TensorList weights;
};

}  // namespace adze::formats
