#include "architectures/gpt2.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"GPT2LMHeadModel", "gpt2", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"activation_function", "\"gelu_new\""},
                                                         {"scale_attn_by_inverse_layer_idx", "false"},
                                                         {"scale_attn_weights", "true"}};
// The published checkpoints have no prefix, what Hugging Face's library writes has.
constexpr auto kPrefixedNames = std::to_array<WeightName>({
    {"token_embd.weight", "transformer.wte.weight"},
    {"position_embd.weight", "transformer.wpe.weight"},
    {"output_norm.weight", "transformer.ln_f.weight"},
    {"output_norm.bias", "transformer.ln_f.bias"},
    {"blk.{}.attn_norm.weight", "transformer.h.{}.ln_1.weight"},
    {"blk.{}.attn_norm.bias", "transformer.h.{}.ln_1.bias"},
    {"blk.{}.attn_qkv.weight", "transformer.h.{}.attn.c_attn.weight", Transform::transpose},
    {"blk.{}.attn_qkv.bias", "transformer.h.{}.attn.c_attn.bias"},
    {"blk.{}.attn_output.weight", "transformer.h.{}.attn.c_proj.weight", Transform::transpose},
    {"blk.{}.attn_output.bias", "transformer.h.{}.attn.c_proj.bias"},
    {"blk.{}.ffn_norm.weight", "transformer.h.{}.ln_2.weight"},
    {"blk.{}.ffn_norm.bias", "transformer.h.{}.ln_2.bias"},
    {"blk.{}.ffn_up.weight", "transformer.h.{}.mlp.c_fc.weight", Transform::transpose},
    {"blk.{}.ffn_up.bias", "transformer.h.{}.mlp.c_fc.bias"},
    {"blk.{}.ffn_down.weight", "transformer.h.{}.mlp.c_proj.weight", Transform::transpose},
    {"blk.{}.ffn_down.bias", "transformer.h.{}.mlp.c_proj.bias"},
    {"output.weight", "lm_head.weight"},
});
constexpr auto kPlainNames = std::to_array<WeightName>({
    {"token_embd.weight", "wte.weight"},
    {"position_embd.weight", "wpe.weight"},
    {"output_norm.weight", "ln_f.weight"},
    {"output_norm.bias", "ln_f.bias"},
    {"blk.{}.attn_norm.weight", "h.{}.ln_1.weight"},
    {"blk.{}.attn_norm.bias", "h.{}.ln_1.bias"},
    {"blk.{}.attn_qkv.weight", "h.{}.attn.c_attn.weight", Transform::transpose},
    {"blk.{}.attn_qkv.bias", "h.{}.attn.c_attn.bias"},
    {"blk.{}.attn_output.weight", "h.{}.attn.c_proj.weight", Transform::transpose},
    {"blk.{}.attn_output.bias", "h.{}.attn.c_proj.bias"},
    {"blk.{}.ffn_norm.weight", "h.{}.ln_2.weight"},
    {"blk.{}.ffn_norm.bias", "h.{}.ln_2.bias"},
    {"blk.{}.ffn_up.weight", "h.{}.mlp.c_fc.weight", Transform::transpose},
    {"blk.{}.ffn_up.bias", "h.{}.mlp.c_fc.bias"},
    {"blk.{}.ffn_down.weight", "h.{}.mlp.c_proj.weight", Transform::transpose},
    {"blk.{}.ffn_down.bias", "h.{}.mlp.c_proj.bias"},
});
constexpr auto kWeights = joined(kPlainNames, kPrefixedNames);
constexpr auto kConfig = std::to_array<ConfigName>({
    {"block_count", "n_layer"},
    {"context_length", "n_positions"},
    {"context_length", "n_ctx"},
    {"embedding_length", "n_embd"},
    {"feed_forward_length", "n_inner", ConfigKind::u32, {4, "embedding_length"}},
    {"attention.head_count", "n_head"},
    {"attention.layer_norm_epsilon", "layer_norm_epsilon", ConfigKind::f32},
});

graph::Graph build(const model::Model& model) {
  return build_decoder(model, {.architecture = "gpt2",
                               .norm = NormKind::layer,
                               .rotary_layout = "",
                               .activation = FeedForwardActivation::gelu_tanh});
}

}  // namespace

const Architecture gpt2{"gpt2",
                        "GPT-2: a table of positions, layer norms, GELU",
                        kHuggingFaceClasses,
                        kHuggingFaceConstants,
                        {},
                        kWeights,
                        kConfig,
                        build};

}  // namespace adze::architectures
