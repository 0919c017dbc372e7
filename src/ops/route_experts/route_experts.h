// Which experts each row goes to, and with what weight: the top k of the router's scores.
// logits [T, E] f32, bias of the choice [E] (optional) -> experts [T, used] i32, weights [T, used] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

enum class ExpertScores {
  softmax,       // over all experts
  softmax_used,  // over the chosen ones
  sigmoid,
};

/// Attributes of `route_experts`, resolved.
struct RouteParameters {
  int64_t used;
  ExpertScores scores;
  bool normalize;       // weights of a row are divided by their sum
  float scale;          // and multiplied with this
  int64_t groups;       // experts compete in so many groups of equal size,
  int64_t groups_used;  // of which those that score highest take part
  bool groups_by_best;  // a group scores what its best expert does; false: what its two best do together
};

/// Error(bad_input) for attributes that say nothing sensible.
RouteParameters read_route_parameters(const graph::Node& node);

extern const Op route_experts;

}  // namespace adze::ops
