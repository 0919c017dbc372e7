// Encoders: rows that see their whole text, norms behind blocks. Discovered: positions, token types, what distances add
// to scores, biases, fused projections, a classifier.
#pragma once

#include <string_view>

#include "graph/graph.h"
#include "model/model.h"

namespace adze::architectures {

/// The graph gives the wanted rows themselves or, where the model's pooling is rank, what the classifier makes of them.
/// Error(bad_input) listing every missing, misshaped or unexpected weight.
graph::Graph build_encoder(const model::Model& model, std::string_view architecture);

}  // namespace adze::architectures
