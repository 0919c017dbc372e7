// Multi-head latent attention (DeepSeek-AI 2024): keys and values of all heads are made of one short row per token, and
// only that row and a rotated part that all heads share are remembered. The matrices that would make keys and values of
// it are multiplied with queries and with what was attended to instead.
#pragma once

#include <string_view>

#include "architectures/decoder_builder.h"

namespace adze::architectures {

struct LatentShape {
  int64_t heads;
  int64_t query_latent;  // features of the row that queries are made of; 0: they are made of x
  int64_t latent;        // of the remembered row
  int64_t plain_dims;    // of a head, not rotated
  int64_t rotary_dims;   // of a head, rotated, behind them
  int64_t value_dims;    // of a head
  double scale;          // of products of queries and keys
  double epsilon;        // of norms
};

/// Error(bad_input) naming the setting that is missing or does not fit.
LatentShape read_latent_shape(const model::KeyValues& config, int64_t heads, double epsilon);

/// What all heads attended to, [T, heads * value_dims]. Weights begin with `prefix` ("blk.0.").
ValueId latent_attention(DecoderBuilder& builder, std::string_view prefix, ValueId x, ValueId angles,
                         const LatentShape& shape);

}  // namespace adze::architectures
