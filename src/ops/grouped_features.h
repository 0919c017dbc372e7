// Features that are normalized in groups (heads): how norms of a whole row and of each head are one op.
#pragma once

#include "base/error.h"
#include "graph/graph.h"
#include "ops/op.h"
#include "ops/schema_checks.h"

namespace adze::ops {

/// Attribute `groups` of a norm: each of so many equal parts of a row is normalized by itself.
inline int64_t groups_of(const graph::Node& node) {
  const int64_t groups = graph::int_attribute_or(node, "groups", 1);
  if (groups < 1) fail(ErrorCode::bad_input, "groups must be positive, but is {}", groups);
  return groups;
}

/// A weight [features / groups] that all groups share, or [groups, features / groups].
inline void require_group_weight(const graph::NodeTypes& node, size_t index, int64_t groups, std::string_view what) {
  const auto& x = require_f32(node, 0, 2, "x");
  const bool own = node.inputs[index]->dims.size() == 2;
  const auto& weight = require_weight(node, index, own ? 2 : 1, what);
  require_equal_dims(x.dims[1], weight.dims.back() * groups, "features of x and groups of weight");
  if (own) require_equal_dims(weight.dims[0], graph::Dim(groups), "rows of weight and groups");
}

/// The weight's row for a group.
inline int64_t weight_row(const TensorView& weight, int64_t group) { return weight.rows > 1 ? group : 0; }

}  // namespace adze::ops
