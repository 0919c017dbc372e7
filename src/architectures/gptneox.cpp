#include "architectures/gptneox.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"GPTNeoXForCausalLM", "gpt_neox", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"hidden_act", "\"gelu\""}, {"attention_bias", "true"}};
constexpr auto kWeights = std::to_array<WeightName>({
    {"token_embd.weight", "gpt_neox.embed_in.weight"},
    {"output_norm.weight", "gpt_neox.final_layer_norm.weight"},
    {"output_norm.bias", "gpt_neox.final_layer_norm.bias"},
    {"output.weight", "embed_out.weight"},
    {"blk.{}.attn_norm.weight", "gpt_neox.layers.{}.input_layernorm.weight"},
    {"blk.{}.attn_norm.bias", "gpt_neox.layers.{}.input_layernorm.bias"},
    {"blk.{}.attn_qkv.weight", "gpt_neox.layers.{}.attention.query_key_value.weight", Transform::ungroup_heads},
    {"blk.{}.attn_qkv.bias", "gpt_neox.layers.{}.attention.query_key_value.bias", Transform::ungroup_heads},
    {"blk.{}.attn_output.weight", "gpt_neox.layers.{}.attention.dense.weight"},
    {"blk.{}.attn_output.bias", "gpt_neox.layers.{}.attention.dense.bias"},
    {"blk.{}.ffn_norm.weight", "gpt_neox.layers.{}.post_attention_layernorm.weight"},
    {"blk.{}.ffn_norm.bias", "gpt_neox.layers.{}.post_attention_layernorm.bias"},
    {"blk.{}.ffn_up.weight", "gpt_neox.layers.{}.mlp.dense_h_to_4h.weight"},
    {"blk.{}.ffn_up.bias", "gpt_neox.layers.{}.mlp.dense_h_to_4h.bias"},
    {"blk.{}.ffn_down.weight", "gpt_neox.layers.{}.mlp.dense_4h_to_h.weight"},
    {"blk.{}.ffn_down.bias", "gpt_neox.layers.{}.mlp.dense_4h_to_h.bias"},
});
constexpr auto kConfig = std::to_array<ConfigName>({
    {"context_length", "max_position_embeddings"},
    {"embedding_length", "hidden_size"},
    {"block_count", "num_hidden_layers"},
    {"feed_forward_length", "intermediate_size"},
    {"rope.dimension_count", "rotary_pct", ConfigKind::part_of_head, {0.25}},
    {"rope.dimension_count", "partial_rotary_factor", ConfigKind::part_of_head},
    {"attention.head_count", "num_attention_heads"},
    {"use_parallel_residual", "use_parallel_residual", ConfigKind::boolean, {1}},
    {"rope.freq_base", "rotary_emb_base", ConfigKind::f32},
    {"rope.freq_base", "rope_theta", ConfigKind::f32},
    {"attention.layer_norm_epsilon", "layer_norm_eps", ConfigKind::f32, {1e-5}},
});

graph::Graph build(const model::Model& model) {
  const bool parallel = model.config.find_bool("use_parallel_residual").value_or(true);
  return build_decoder(model, {.architecture = "gptneox",
                               .norm = NormKind::layer,
                               .activation = FeedForwardActivation::gelu,
                               .residual = parallel ? Residual::parallel : Residual::sequential});
}

}  // namespace

const Architecture gptneox{"gptneox",
                           "GPT-NeoX, Pythia: parallel blocks, fused projections",
                           kHuggingFaceClasses,
                           kHuggingFaceConstants,
                           {},
                           kWeights,
                           kConfig,
                           build};

}  // namespace adze::architectures
