// Attention of packed rows to all rows of their own sequence, those behind them included: encoders, which keep nothing
// between calls.
// queries [T, query_heads * head_dim] f32, keys and values [T, key_heads * head_dim] f32, batch, and optionally what
// distances add to scores, [buckets, query_heads] in any storage -> [T, query_heads * head_dim] f32
#pragma once

#include "ops/attention/attention.h"

namespace adze::ops {

/// Attributes of `self_attention`, resolved.
struct SelfAttentionParameters {
  AttentionParameters attention;
  int64_t max_distance;  // from which on all distances share a bucket
};

/// The bucket of a key that lies `distance` rows behind the query (Raffel et al. 2020): half of them are for keys in
/// front, and half of those for single distances, the others grow with the distance. REQUIRES: buckets >= 4, even.
int64_t distance_bucket(int64_t distance, int64_t buckets, int64_t max_distance);

extern const Op self_attention;

}  // namespace adze::ops
