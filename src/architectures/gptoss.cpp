#include "architectures/gptoss.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"GptOssForCausalLM", "gpt_oss", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {
    {"hidden_act", "\"silu\""}, {"swiglu_limit", "7.0"}, {"swiglu_alpha", "1.702"}};
constexpr HuggingFaceFlag kHuggingFaceFlags[] = {{"attention_bias", "blk.0.attn_q.bias"}};
constexpr auto kWeights =
    joined(kEmbeddingWeights, kAttentionWeights,
           std::to_array<WeightName>({
               {"blk.{}.attn_norm.weight", "model.layers.{}.input_layernorm.weight"},
               {"blk.{}.post_attention_norm.weight", "model.layers.{}.post_attention_layernorm.weight"},
               {"blk.{}.attn_sinks.weight", "model.layers.{}.self_attn.sinks"},
               {"blk.{}.ffn_gate_inp.weight", "model.layers.{}.mlp.router.weight"},
               {"blk.{}.ffn_gate_inp.bias", "model.layers.{}.mlp.router.bias"},
               {"blk.{}.ffn_gate_exps.weight", "model.layers.{}.mlp.experts.gate_proj.weight"},
               {"blk.{}.ffn_gate_exps.bias", "model.layers.{}.mlp.experts.gate_proj.bias"},
               {"blk.{}.ffn_up_exps.weight", "model.layers.{}.mlp.experts.up_proj.weight"},
               {"blk.{}.ffn_up_exps.bias", "model.layers.{}.mlp.experts.up_proj.bias"},
               {"blk.{}.ffn_down_exps.weight", "model.layers.{}.mlp.experts.down_proj.weight"},
               {"blk.{}.ffn_down_exps.bias", "model.layers.{}.mlp.experts.down_proj.bias"},
           }));
// MLX keeps the parts under the names above.
constexpr StackedExperts kStackedExperts[] = {
    {"model.layers.{}.mlp.experts.gate_up_proj", "model.layers.{}.mlp.experts.gate_proj.weight",
     "model.layers.{}.mlp.experts.up_proj.weight", true},
    {"model.layers.{}.mlp.experts.gate_up_proj_bias", "model.layers.{}.mlp.experts.gate_proj.bias",
     "model.layers.{}.mlp.experts.up_proj.bias"},
    {"model.layers.{}.mlp.experts.down_proj", "model.layers.{}.mlp.experts.down_proj.weight", "", true},
    {"model.layers.{}.mlp.experts.down_proj_bias", "model.layers.{}.mlp.experts.down_proj.bias"},
};
constexpr auto kConfig = joined(kDecoderConfig, kHeadSizeConfig, kRmsNormConfig,
                                std::to_array<ConfigName>({
                                    {"attention.sliding_window", "sliding_window"},
                                    {"expert_count", "num_local_experts"},
                                    {"expert_used_count", "num_experts_per_tok"},
                                    {"expert_used_count", "experts_per_token"},
                                    {"expert_feed_forward_length", "intermediate_size"},
                                }));

constexpr std::string_view kUnreadSettings[] = {"initial_context_length"};
constexpr LayerPeriods kPeriods{.full_attention = 2};

graph::Graph build(const model::Model& model) {
  DecoderStyle style{.architecture = "gpt-oss", .activation = FeedForwardActivation::clamped_silu};
  style.full_attention_period = kPeriods.full_attention;
  style.routing = {.scores = "softmax_used"};
  style.feed_forward_norm = "post_attention_norm";
  style.clamp = {.limit = 7, .slope = 1.702};
  return build_decoder(model, style);
}

}  // namespace

const Architecture gptoss{"gpt-oss",
                          "gpt-oss: attention sinks, windows in every other layer, experts behind a clamped gate",
                          kHuggingFaceClasses,
                          kHuggingFaceConstants,
                          kHuggingFaceFlags,
                          kWeights,
                          kConfig,
                          build,
                          {},
                          kUnreadSettings,
                          kPeriods,
                          kStackedExperts};

}  // namespace adze::architectures
