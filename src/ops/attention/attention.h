// Causal grouped-query attention of packed rows over their sequences' histories.
// queries [T, heads * head_dim] f32, keys history, values history, batch, sinks [heads] (optional)
// -> [T, heads * value_dim] f32
// A sink is the score of a position that every row of its head sees and whose value is zero (Xiao et al. 2023).
#pragma once

#include "ops/op.h"

namespace adze::ops {

/// Attributes of `attention`, resolved.
struct AttentionParameters {
  int64_t query_heads;
  int64_t key_heads;   // query_heads is a multiple of it
  int64_t head_dim;    // of queries and keys
  int64_t value_dim;   // of values, usually the same
  float scale;         // of the scores, usually 1 / sqrt(head_dim)
  float soft_cap;      // scores become cap * tanh(score / cap); 0: none
  int64_t window;      // a row sees at most this many positions, itself included; 0: all
  bool causal = true;  // false: a row sees all of its sequence, also what follows
};

/// The attributes query_heads, key_heads, head_dim, value_dim, scale, soft_cap and window. Error(bad_input) where heads
/// do not fit.
AttentionParameters read_attention_parameters(const graph::Node& node);

/// Whether the optional input is there.
bool has_sinks(const KernelCall& call);

extern const Op attention;

}  // namespace adze::ops
