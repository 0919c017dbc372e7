#include "architectures/phi2.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"PhiForCausalLM", "phi", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"hidden_act", "\"gelu_new\""}, {"qk_layernorm", "false"}};
constexpr auto kWeights = joined(std::to_array<WeightName>({
                                     {"token_embd.weight", "model.embed_tokens.weight"},
                                     {"output_norm.weight", "model.final_layernorm.weight"},
                                     {"output_norm.bias", "model.final_layernorm.bias"},
                                     {"output.weight", "lm_head.weight"},
                                     {"output.bias", "lm_head.bias"},
                                     {"blk.{}.attn_norm.weight", "model.layers.{}.input_layernorm.weight"},
                                     {"blk.{}.attn_norm.bias", "model.layers.{}.input_layernorm.bias"},
                                     {"blk.{}.attn_output.weight", "model.layers.{}.self_attn.dense.weight"},
                                     {"blk.{}.attn_output.bias", "model.layers.{}.self_attn.dense.bias"},
                                     {"blk.{}.ffn_up.weight", "model.layers.{}.mlp.fc1.weight"},
                                     {"blk.{}.ffn_up.bias", "model.layers.{}.mlp.fc1.bias"},
                                     {"blk.{}.ffn_down.weight", "model.layers.{}.mlp.fc2.weight"},
                                     {"blk.{}.ffn_down.bias", "model.layers.{}.mlp.fc2.bias"},
                                 }),
                                 kAttentionWeights);
constexpr auto kConfig = std::to_array<ConfigName>({
    {"context_length", "max_position_embeddings"},
    {"embedding_length", "hidden_size"},
    {"feed_forward_length", "intermediate_size", ConfigKind::u32, {4, "embedding_length"}},
    {"block_count", "num_hidden_layers"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads", ConfigKind::u32, {1, "attention.head_count"}},
    {"rope.freq_base", "rope_theta", ConfigKind::f32},
    {"attention.layer_norm_epsilon", "layer_norm_eps", ConfigKind::f32},
    {"rope.dimension_count", "partial_rotary_factor", ConfigKind::part_of_head, {0.5}},
});

graph::Graph build(const model::Model& model) {
  return build_decoder(model, {.architecture = "phi2",
                               .norm = NormKind::layer,
                               .activation = FeedForwardActivation::gelu_tanh,
                               .residual = Residual::parallel});
}

}  // namespace

const Architecture phi2{"phi2",
                        "Phi-2: parallel blocks that share one layer norm",
                        kHuggingFaceClasses,
                        kHuggingFaceConstants,
                        {},
                        kWeights,
                        kConfig,
                        build};

}  // namespace adze::architectures
