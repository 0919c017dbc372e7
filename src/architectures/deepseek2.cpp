#include "architectures/deepseek2.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"
#include "base/error.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"DeepseekV2ForCausalLM", "deepseek_v2", ""},
                                                    {"DeepseekV3ForCausalLM", "deepseek_v3", "expert_weights_norm"}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {
    {"hidden_act", "\"silu\""}, {"attention_bias", "false"}, {"moe_layer_freq", "1"}};
constexpr auto kWeights =
    joined(kEmbeddingWeights, kBlockNormWeights, kGatedFeedForwardWeights, kExpertWeights,
           std::to_array<WeightName>({
               {"blk.{}.attn_q.weight", "model.layers.{}.self_attn.q_proj.weight"},
               {"blk.{}.attn_q_a.weight", "model.layers.{}.self_attn.q_a_proj.weight"},
               {"blk.{}.attn_q_a_norm.weight", "model.layers.{}.self_attn.q_a_layernorm.weight"},
               {"blk.{}.attn_q_b.weight", "model.layers.{}.self_attn.q_b_proj.weight"},
               {"blk.{}.attn_kv_a_mqa.weight", "model.layers.{}.self_attn.kv_a_proj_with_mqa.weight"},
               {"blk.{}.attn_kv_a_norm.weight", "model.layers.{}.self_attn.kv_a_layernorm.weight"},
               {"blk.{}.attn_k_b.weight", "model.layers.{}.self_attn.embed_q.weight"},
               {"blk.{}.attn_v_b.weight", "model.layers.{}.self_attn.unembed_out.weight"},
               {"blk.{}.attn_output.weight", "model.layers.{}.self_attn.o_proj.weight"},
               {"blk.{}.exp_probs_b.bias", "model.layers.{}.mlp.gate.e_score_correction_bias"},
               {"blk.{}.ffn_gate_shexp.weight", "model.layers.{}.mlp.shared_experts.gate_proj.weight"},
               {"blk.{}.ffn_up_shexp.weight", "model.layers.{}.mlp.shared_experts.up_proj.weight"},
               {"blk.{}.ffn_down_shexp.weight", "model.layers.{}.mlp.shared_experts.down_proj.weight"},
           }));
// MLX keeps the parts of newer models under the names above.
constexpr LatentHeads kLatentHeads[] = {{"model.layers.{}.self_attn.kv_b_proj.weight",
                                         "model.layers.{}.self_attn.embed_q.weight",
                                         "model.layers.{}.self_attn.unembed_out.weight"}};
constexpr auto kConfig = std::to_array<ConfigName>({
    {"block_count", "num_hidden_layers"},
    {"context_length", "max_position_embeddings"},
    {"embedding_length", "hidden_size"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads", ConfigKind::latent_head},
    {"rope.freq_base", "rope_theta", ConfigKind::f32, {10000}},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps", ConfigKind::f32, {1e-6}},
    {"leading_dense_block_count", "first_k_dense_replace", ConfigKind::u32, {0}},
    {"vocab_size", "vocab_size"},
    {"attention.q_lora_rank", "q_lora_rank"},
    {"attention.kv_lora_rank", "kv_lora_rank", ConfigKind::u32, {512}},
    {"rope.dimension_count", "qk_rope_head_dim", ConfigKind::u32, {64}},
    {"attention.key_length_mla", "qk_nope_head_dim", ConfigKind::unrotated_part, {128}},
    {"attention.value_length_mla", "v_head_dim", ConfigKind::u32, {128}},
    {"expert_feed_forward_length", "moe_intermediate_size"},
    {"expert_count", "n_routed_experts"},
    {"expert_used_count", "num_experts_per_tok"},
    {"expert_shared_count", "n_shared_experts", ConfigKind::u32, {0}},
    {"expert_weights_scale", "routed_scaling_factor", ConfigKind::f32},
    {"expert_weights_norm", "norm_topk_prob", ConfigKind::set_boolean},
    {"expert_gating_func", "scoring_func", ConfigKind::expert_scores},
    {"expert_group_count", "n_group"},
    {"expert_group_used_count", "topk_group"},
    {"expert_choice", "topk_method", ConfigKind::string},
});

constexpr std::string_view kByBest = "group_limited_greedy", kByTwo = "noaux_tc", kWithoutGroups = "greedy";

/// Of route_experts, by the names of topk_method; empty: groups do not count.
std::string_view group_scores_of(std::string_view choice) {
  if (choice == kByBest) return "best";
  if (choice == kByTwo) return "best_two";
  if (choice == kWithoutGroups) return "";
  fail(ErrorCode::unsupported, "config 'expert_choice' is '{}'; known are {}, {}, {}", choice, kWithoutGroups, kByBest,
       kByTwo);
}

constexpr std::string_view kUnreadSettings[] = {"ep_size", "num_nextn_predict_layers", "seq_aux"};

graph::Graph build(const model::Model& model) {
  const auto choice = model.config.find_string("expert_choice");
  // Files that do not say how groups are chosen are of the time of their kind of scores.
  const bool by_sigmoid = model.config.find_int("expert_gating_func").value_or(1) == 2;
  DecoderStyle style{.architecture = "deepseek2", .rotary_layout = "interleaved"};
  style.routing.group_scores = group_scores_of(choice ? std::string_view(*choice) : by_sigmoid ? kByTwo : kByBest);
  return build_decoder(model, style);
}

}  // namespace

const Architecture deepseek2{"deepseek2",
                             "DeepSeek V2, V3, R1: latent attention, small experts beside shared ones",
                             kHuggingFaceClasses,
                             kHuggingFaceConstants,
                             {},
                             kWeights,
                             kConfig,
                             build,
                             {},
                             kUnreadSettings,
                             {},
                             {},
                             kLatentHeads};

}  // namespace adze::architectures
