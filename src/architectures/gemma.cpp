#include "architectures/gemma.h"

#include <cmath>

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr auto kEmbedding = std::to_array<WeightName>({
    {"token_embd.weight", "model.embed_tokens.weight"},
    {"output.weight", "lm_head.weight"},
    {"output_norm.weight", "model.norm.weight", Transform::add_one},
    {"blk.{}.attn_norm.weight", "model.layers.{}.input_layernorm.weight", Transform::add_one},
});
constexpr auto kTwoNorms = std::to_array<WeightName>({
    {"blk.{}.ffn_norm.weight", "model.layers.{}.post_attention_layernorm.weight", Transform::add_one},
});
constexpr auto kFourNorms = std::to_array<WeightName>({
    {"blk.{}.post_attention_norm.weight", "model.layers.{}.post_attention_layernorm.weight", Transform::add_one},
    {"blk.{}.ffn_norm.weight", "model.layers.{}.pre_feedforward_layernorm.weight", Transform::add_one},
    {"blk.{}.post_ffw_norm.weight", "model.layers.{}.post_feedforward_layernorm.weight", Transform::add_one},
});
constexpr auto kHeadNorms = std::to_array<WeightName>({
    {"blk.{}.attn_q_norm.weight", "model.layers.{}.self_attn.q_norm.weight", Transform::add_one},
    {"blk.{}.attn_k_norm.weight", "model.layers.{}.self_attn.k_norm.weight", Transform::add_one},
});
constexpr auto kWeights1 = joined(kEmbedding, kTwoNorms, kAttentionWeights, kGatedFeedForwardWeights);
constexpr auto kWeights2 = joined(kEmbedding, kFourNorms, kAttentionWeights, kGatedFeedForwardWeights);
constexpr auto kWeights3 = joined(kEmbedding, kFourNorms, kHeadNorms, kAttentionWeights, kGatedFeedForwardWeights);

constexpr auto kCommonConfig = std::to_array<ConfigName>({
    {"context_length", "max_position_embeddings"},
    {"embedding_length", "hidden_size"},
    {"block_count", "num_hidden_layers"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads", ConfigKind::u32, {1, "attention.head_count"}},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps", ConfigKind::f32, {1e-6}},
    {"attention.key_length", "head_dim", ConfigKind::u32, {256}},
    {"rope.freq_base", "rope_theta", ConfigKind::f32},
});
constexpr auto kConfig1 = kCommonConfig;
constexpr auto kConfig2 =
    joined(kCommonConfig, std::to_array<ConfigName>({
                              {"attention.sliding_window", "sliding_window"},
                              {"attention.scale", "query_pre_attn_scalar", ConfigKind::inverse_root},
                              {"attn_logit_softcapping", "attn_logit_softcapping", ConfigKind::f32},
                              {"final_logit_softcapping", "final_logit_softcapping", ConfigKind::f32},
                          }));
constexpr auto kConfig3 =
    joined(kCommonConfig, std::to_array<ConfigName>({
                              {"attention.sliding_window", "sliding_window"},
                              {"attention.scale", "query_pre_attn_scalar", ConfigKind::inverse_root},
                              {"final_logit_softcapping", "final_logit_softcapping", ConfigKind::f32},
                              {"rope.freq_base", "rope_theta", ConfigKind::f32, {1e6}},
                              {"rope.freq_base_swa", "rope_local_base_freq", ConfigKind::f32, {1e4}},
                          }));

constexpr HuggingFaceClass kClasses1[] = {{"GemmaForCausalLM", "gemma", ""}};
constexpr HuggingFaceClass kClasses2[] = {{"Gemma2ForCausalLM", "gemma2", ""}};
constexpr HuggingFaceClass kClasses3[] = {{"Gemma3ForCausalLM", "gemma3_text", ""}};
constexpr HuggingFaceConstant kActivation{"hidden_activation", "\"gelu_pytorch_tanh\""};
constexpr HuggingFaceConstant kConstants1[] = {kActivation};
constexpr HuggingFaceConstant kConstants2[] = {kActivation};
constexpr HuggingFaceConstant kConstants3[] = {kActivation, {"sliding_window_pattern", "6"}};

// Settings of an older implementation that files still have.
constexpr std::string_view kUnread[] = {"hidden_act", "_sliding_window_pattern"};
constexpr LayerPeriods kPeriods2{.full_attention = 2};
constexpr LayerPeriods kPeriods3{.full_attention = 6};

DecoderConfig config_of(const model::Model& model) {
  DecoderConfig c = read_decoder_config(model);
  c.embedding_factor = std::sqrt(static_cast<double>(c.features));
  return c;
}

// The largest Gemma 2 and 3 scale queries by features per head, not by the width of a head. GGUF files of other writers
// do not say so: their readers know them by how many layers they have.
DecoderConfig config_with_scale(const model::Model& model, int64_t layers_of_largest) {
  DecoderConfig c = config_of(model);
  if (c.attention_scale == 0 && c.layers == layers_of_largest) {
    c.attention_scale = 1 / std::sqrt(static_cast<double>(c.features) / static_cast<double>(c.heads));
  }
  return c;
}

graph::Graph build1(const model::Model& model) {
  return build_decoder(model, config_of(model),
                       {.architecture = "gemma", .activation = FeedForwardActivation::gelu_tanh});
}

graph::Graph build2(const model::Model& model) {
  DecoderStyle style{.architecture = "gemma2", .activation = FeedForwardActivation::gelu_tanh};
  style.full_attention_period = kPeriods2.full_attention;
  return build_decoder(model, config_with_scale(model, 46), style);
}

graph::Graph build3(const model::Model& model) {
  DecoderStyle style{.architecture = "gemma3", .activation = FeedForwardActivation::gelu_tanh};
  style.full_attention_period =
      model.config.find_int("attention.sliding_window_pattern").value_or(kPeriods3.full_attention);
  style.window_rotary_base = model.config.find_number("rope.freq_base_swa").value_or(10000.0);
  return build_decoder(model, config_with_scale(model, 62), style);
}

}  // namespace

const Architecture gemma{
    "gemma", "Gemma 1: GeGLU, scaled embeddings", kClasses1, kConstants1, {}, kWeights1, kConfig1, build1, {}, kUnread};
const Architecture gemma2{"gemma2",  "Gemma 2: windows in every other layer, soft caps, four norms",
                          kClasses2, kConstants2,
                          {},        kWeights2,
                          kConfig2,  build2,
                          {},        kUnread,
                          kPeriods2};
const Architecture gemma3{"gemma3",  "Gemma 3 (text): windows in five layers of six, norms on queries and keys",
                          kClasses3, kConstants3,
                          {},        kWeights3,
                          kConfig3,  build3,
                          {},        kUnread,
                          kPeriods3};

}  // namespace adze::architectures
