#include "architectures/falcon.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"FalconForCausalLM", "falcon", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {
    {"activation", "\"gelu\""}, {"alibi", "false"}, {"bias", "false"}, {"parallel_attn", "true"}};
constexpr HuggingFaceFlag kHuggingFaceFlags[] = {{"new_decoder_architecture", "blk.0.attn_norm_2.weight", false}};
// The weights say it.
constexpr std::string_view kUnread[] = {"multi_query", "num_ln_in_parallel_attn"};
constexpr auto kWeights = std::to_array<WeightName>({
    {"token_embd.weight", "transformer.word_embeddings.weight"},
    {"output_norm.weight", "transformer.ln_f.weight"},
    {"output_norm.bias", "transformer.ln_f.bias"},
    {"blk.{}.attn_norm.weight", "transformer.h.{}.ln_mlp.weight", Transform::none, "blk.0.attn_norm_2.weight"},
    {"blk.{}.attn_norm.bias", "transformer.h.{}.ln_mlp.bias", Transform::none, "blk.0.attn_norm_2.weight"},
    {"blk.{}.attn_norm.weight", "transformer.h.{}.input_layernorm.weight"},
    {"blk.{}.attn_norm.bias", "transformer.h.{}.input_layernorm.bias"},
    {"blk.{}.attn_norm_2.weight", "transformer.h.{}.ln_attn.weight"},
    {"blk.{}.attn_norm_2.bias", "transformer.h.{}.ln_attn.bias"},
    {"blk.{}.attn_qkv.weight", "transformer.h.{}.self_attention.query_key_value.weight", Transform::ungroup_heads},
    {"blk.{}.attn_output.weight", "transformer.h.{}.self_attention.dense.weight"},
    {"blk.{}.ffn_up.weight", "transformer.h.{}.mlp.dense_h_to_4h.weight"},
    {"blk.{}.ffn_down.weight", "transformer.h.{}.mlp.dense_4h_to_h.weight"},
    {"output.weight", "lm_head.weight"},
});
constexpr auto kConfig = std::to_array<ConfigName>({
    {"context_length", "max_position_embeddings", ConfigKind::u32, {2048}},
    {"embedding_length", "hidden_size"},
    {"feed_forward_length", "ffn_hidden_size", ConfigKind::u32, {4, "embedding_length"}},
    {"block_count", "num_hidden_layers"},
    {"block_count", "n_layer"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count", "n_head"},
    {"attention.head_count_kv", "num_kv_heads", ConfigKind::u32, {1}},
    {"attention.head_count_kv", "n_head_kv"},
    {"attention.layer_norm_epsilon", "layer_norm_epsilon", ConfigKind::f32},
    {"rope.freq_base", "rope_theta", ConfigKind::f32},
});

graph::Graph build(const model::Model& model) {
  return build_decoder(model, {.architecture = "falcon",
                               .norm = NormKind::layer,
                               .activation = FeedForwardActivation::gelu,
                               .residual = Residual::parallel});
}

}  // namespace

const Architecture falcon{"falcon",
                          "Falcon: parallel blocks, few key heads, no biases",
                          kHuggingFaceClasses,
                          kHuggingFaceConstants,
                          kHuggingFaceFlags,
                          kWeights,
                          kConfig,
                          build,
                          {},
                          kUnread};

}  // namespace adze::architectures
