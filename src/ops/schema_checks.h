// Checks that schemas share. Each throws Error(bad_input) saying which input is wrong and what was expected.
#pragma once

#include <string_view>

#include "graph/graph.h"

namespace adze::ops {

/// Input `index` exists and is of `kind`.
const graph::ValueType& require_input(const graph::NodeTypes& node, size_t index, graph::ValueKind kind,
                                      std::string_view what);
/// A tensor of `rank` dimensions stored as plain f32.
const graph::ValueType& require_f32(const graph::NodeTypes& node, size_t index, size_t rank, std::string_view what);
/// A tensor of `rank` dimensions in any storage, bound or not (a weight).
const graph::ValueType& require_weight(const graph::NodeTypes& node, size_t index, size_t rank, std::string_view what);
bool has_input(const graph::NodeTypes& node, size_t index);
void require_input_count(const graph::NodeTypes& node, size_t minimum, size_t maximum);
void require_equal_dims(const graph::Dim& a, const graph::Dim& b, std::string_view what);
/// Two matrices of f32 and one shape, and nothing else; returns the type of both.
const graph::ValueType& require_gate_and_up(const graph::NodeTypes& node);

}  // namespace adze::ops
