// Names of weights and settings that many decoders share, as parts of which architectures put their tables together.
#pragma once

#include <array>

#include "architectures/architecture.h"

namespace adze::architectures {

/// The rows of several tables one behind the other.
template <typename Row, size_t... kSizes>
constexpr auto joined(const std::array<Row, kSizes>&... parts) {
  std::array<Row, (kSizes + ...)> all{};
  size_t next = 0;
  const auto append = [&](const auto& part) {
    for (const Row& row : part) all[next++] = row;
  };
  (append(parts), ...);
  return all;
}

inline constexpr auto kEmbeddingWeights = std::to_array<WeightName>({
    {"token_embd.weight", "model.embed_tokens.weight"},
    {"output_norm.weight", "model.norm.weight"},
    {"output.weight", "lm_head.weight"},
});

/// The projections of one attention. Architectures differ in what their rotary layout does to queries and keys.
constexpr auto attention_weights(Transform queries, Transform keys) {
  return std::to_array<WeightName>({
      {"blk.{}.attn_q.weight", "model.layers.{}.self_attn.q_proj.weight", queries},
      {"blk.{}.attn_q.bias", "model.layers.{}.self_attn.q_proj.bias", queries},
      {"blk.{}.attn_k.weight", "model.layers.{}.self_attn.k_proj.weight", keys},
      {"blk.{}.attn_k.bias", "model.layers.{}.self_attn.k_proj.bias", keys},
      {"blk.{}.attn_v.weight", "model.layers.{}.self_attn.v_proj.weight"},
      {"blk.{}.attn_v.bias", "model.layers.{}.self_attn.v_proj.bias"},
      {"blk.{}.attn_output.weight", "model.layers.{}.self_attn.o_proj.weight"},
      {"blk.{}.attn_output.bias", "model.layers.{}.self_attn.o_proj.bias"},
  });
}
inline constexpr auto kAttentionWeights = attention_weights(Transform::none, Transform::none);
/// For GGUF readers that rotate neighbours.
inline constexpr auto kInterleavedAttentionWeights =
    attention_weights(Transform::interleave_query_heads, Transform::interleave_key_heads);

/// Norms of each head's (or the whole) query and key.
inline constexpr auto kQueryKeyNormWeights = std::to_array<WeightName>({
    {"blk.{}.attn_q_norm.weight", "model.layers.{}.self_attn.q_norm.weight"},
    {"blk.{}.attn_k_norm.weight", "model.layers.{}.self_attn.k_norm.weight"},
});

/// The norms before attention and feed-forward.
inline constexpr auto kBlockNormWeights = std::to_array<WeightName>({
    {"blk.{}.attn_norm.weight", "model.layers.{}.input_layernorm.weight"},
    {"blk.{}.ffn_norm.weight", "model.layers.{}.post_attention_layernorm.weight"},
});
inline constexpr auto kBlockNormBiases = std::to_array<WeightName>({
    {"output_norm.bias", "model.norm.bias"},
    {"blk.{}.attn_norm.bias", "model.layers.{}.input_layernorm.bias"},
    {"blk.{}.ffn_norm.bias", "model.layers.{}.post_attention_layernorm.bias"},
});

inline constexpr auto kGatedFeedForwardWeights = std::to_array<WeightName>({
    {"blk.{}.ffn_gate.weight", "model.layers.{}.mlp.gate_proj.weight"},
    {"blk.{}.ffn_gate.bias", "model.layers.{}.mlp.gate_proj.bias"},
    {"blk.{}.ffn_up.weight", "model.layers.{}.mlp.up_proj.weight"},
    {"blk.{}.ffn_up.bias", "model.layers.{}.mlp.up_proj.bias"},
    {"blk.{}.ffn_down.weight", "model.layers.{}.mlp.down_proj.weight"},
    {"blk.{}.ffn_down.bias", "model.layers.{}.mlp.down_proj.bias"},
});

/// Experts one by one, stacked here. In the order in which other writers of GGUF put them.
inline constexpr auto kExpertWeights = std::to_array<WeightName>({
    {"blk.{}.ffn_gate_inp.weight", "model.layers.{}.mlp.gate.weight"},
    {"blk.{}.ffn_down_exps.weight", "model.layers.{}.mlp.experts.{}.down_proj.weight"},
    {"blk.{}.ffn_gate_exps.weight", "model.layers.{}.mlp.experts.{}.gate_proj.weight"},
    {"blk.{}.ffn_up_exps.weight", "model.layers.{}.mlp.experts.{}.up_proj.weight"},
});

inline constexpr auto kExpertConfig = std::to_array<ConfigName>({
    {"expert_used_count", "num_experts_per_tok"},
    {"expert_feed_forward_length", "moe_intermediate_size"},
});

inline constexpr auto kDecoderConfig = std::to_array<ConfigName>({
    {"block_count", "num_hidden_layers"},
    {"context_length", "max_position_embeddings"},
    {"embedding_length", "hidden_size"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads"},
    {"rope.freq_base", "rope_theta", ConfigKind::f32},
});
inline constexpr auto kHeadSizeConfig = std::to_array<ConfigName>({{"attention.key_length", "head_dim"}});
inline constexpr auto kRmsNormConfig =
    std::to_array<ConfigName>({{"attention.layer_norm_rms_epsilon", "rms_norm_eps", ConfigKind::f32}});
inline constexpr auto kRotatedPartConfig =
    std::to_array<ConfigName>({{"rope.dimension_count", "partial_rotary_factor", ConfigKind::part_of_head, {1}}});
inline constexpr auto kVocabularyConfig = std::to_array<ConfigName>({{"vocab_size", "vocab_size"}});

}  // namespace adze::architectures
