// The sizes and numbers of a decoder, checked once.
#pragma once

#include <cstdint>
#include <string_view>

#include "graph/graph.h"
#include "model/model.h"

namespace adze::architectures {

struct DecoderConfig {
  int64_t layers, features, hidden, vocabulary;
  int64_t heads, key_heads, head_dim, rotary_dims;
  int64_t experts, experts_used;         // 0: none
  int64_t expert_hidden, shared_hidden;  // features within an expert; within those that all rows use
  int64_t window;                        // 0: the whole history
  double epsilon;                        // of norms
  double embedding_factor;               // 1: none; so the next three
  double residual_factor;                // of what a block adds
  double logit_divisor;
  double attention_scale;     // of products of queries and keys; 0: 1 / sqrt(head_dim)
  double attention_soft_cap;  // 0: none
  double logit_soft_cap;      // 0: none
};

/// A whole number between 1 and `maximum`; `fallback` where the key is missing, or Error(bad_input) if that is 0.
int64_t require_between(const model::KeyValues& config, std::string_view key, int64_t fallback, int64_t maximum);

/// Error(bad_input) naming the key that is missing or out of its range.
DecoderConfig read_decoder_config(const model::Model& model);

/// By what factor YaRN lets both queries and keys of latent attention grow; 1 where config does not say.
double yarn_score_growth(const model::KeyValues& config);

/// Attributes of rotary_angles: base and scaling. The type "llama3" needs nothing here: its factors are a weight.
graph::Attributes rotary_attributes(const model::KeyValues& config, int64_t rotary_dims);

}  // namespace adze::architectures
