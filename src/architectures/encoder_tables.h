// Names of weights and settings that encoders share.
#pragma once

#include "architectures/weight_tables.h"

namespace adze::architectures {

// Old checkpoints call the weights of norms gamma and beta; the first row of a name is the one that is written.
inline constexpr auto kEncoderWeights = std::to_array<WeightName>({
    {"position_embd.weight", "embeddings.position_embeddings.weight", Transform::drop_unused_positions},
    {"token_types.weight", "embeddings.token_type_embeddings.weight"},
    {"token_embd.weight", "embeddings.word_embeddings.weight"},
    {"token_embd_norm.weight", "embeddings.LayerNorm.weight"},
    {"token_embd_norm.bias", "embeddings.LayerNorm.bias"},
    {"token_embd_norm.weight", "embeddings.LayerNorm.gamma"},
    {"token_embd_norm.bias", "embeddings.LayerNorm.beta"},
    {"blk.{}.ffn_up.weight", "encoder.layer.{}.intermediate.dense.weight"},
    {"blk.{}.ffn_up.bias", "encoder.layer.{}.intermediate.dense.bias"},
    {"blk.{}.ffn_down.weight", "encoder.layer.{}.output.dense.weight"},
    {"blk.{}.ffn_down.bias", "encoder.layer.{}.output.dense.bias"},
    {"blk.{}.layer_output_norm.weight", "encoder.layer.{}.output.LayerNorm.weight"},
    {"blk.{}.layer_output_norm.bias", "encoder.layer.{}.output.LayerNorm.bias"},
    {"blk.{}.layer_output_norm.weight", "encoder.layer.{}.output.LayerNorm.gamma"},
    {"blk.{}.layer_output_norm.bias", "encoder.layer.{}.output.LayerNorm.beta"},
});

inline constexpr auto kEncoderConfig = std::to_array<ConfigName>({
    {"context_length", "max_position_embeddings", ConfigKind::positions},
    {"embedding_length", "hidden_size"},
    {"block_count", "num_hidden_layers"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.layer_norm_epsilon", "layer_norm_eps", ConfigKind::f32, {1e-12}},
    {"attention.causal", "is_causal", ConfigKind::boolean, {0}},
});

/// What was trained along and does not go into embeddings: heads for masked words, and the pooler of a model without a
/// classifier.
inline constexpr UnusedWeights kUnusedOfEncoders[] = {{"embeddings.position_ids", ""},
                                                      {"embeddings.token_type_ids", ""},
                                                      {"cls.", ""},
                                                      {"lm_head.", ""},
                                                      {"pooler.", "classifier.weight"}};

/// Of a pooler that no class computes with.
inline constexpr std::string_view kUnreadOfEncoders[] = {"directionality",       "pooler_fc_size",
                                                         "pooler_num_fc_layers", "pooler_num_attention_heads",
                                                         "pooler_size_per_head", "pooler_type"};

}  // namespace adze::architectures
