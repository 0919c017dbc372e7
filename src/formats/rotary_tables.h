// Cosines and sines of rotary angles as tables by position.
#pragma once

#include "graph/graph.h"
#include "model/model.h"
#include "model/tensor.h"

namespace adze::formats {

/// Tables [rows, rotary_dims / 2] f32, computed as they are read. Where long contexts have factors of their own, the
/// rows of the short ones come first, `short_rows` of them, then those for any position.
struct RotaryTables {
  model::Tensor cosines;
  model::Tensor sines;
  int64_t short_rows = 0;
};

/// REQUIRES: a node `rotary_angles` of a graph of this model. `context`: positions that there are.
RotaryTables rotary_tables(const graph::Graph& graph, const graph::Node& node, const model::Model& model,
                           int64_t context);

}  // namespace adze::formats
