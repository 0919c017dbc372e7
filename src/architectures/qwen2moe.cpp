#include "architectures/qwen2moe.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"Qwen2MoeForCausalLM", "qwen2_moe", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"hidden_act", "\"silu\""},   {"use_sliding_window", "false"},
                                                         {"norm_topk_prob", "false"},  {"qkv_bias", "true"},
                                                         {"decoder_sparse_step", "1"}, {"mlp_only_layers", "[]"}};
// Without use_sliding_window nothing comes of these.
constexpr std::string_view kUnread[] = {"sliding_window", "max_window_layers"};
constexpr auto kWeights =
    joined(kEmbeddingWeights, kBlockNormWeights, kAttentionWeights, kExpertWeights,
           std::to_array<WeightName>({
               {"blk.{}.ffn_gate_shexp.weight", "model.layers.{}.mlp.shared_expert.gate_proj.weight"},
               {"blk.{}.ffn_up_shexp.weight", "model.layers.{}.mlp.shared_expert.up_proj.weight"},
               {"blk.{}.ffn_down_shexp.weight", "model.layers.{}.mlp.shared_expert.down_proj.weight"},
               {"blk.{}.ffn_gate_inp_shexp.weight", "model.layers.{}.mlp.shared_expert_gate.weight"},
           }));
constexpr auto kConfig = joined(kDecoderConfig, kHeadSizeConfig, kRmsNormConfig, kExpertConfig,
                                std::to_array<ConfigName>({
                                    {"expert_count", "num_experts"},
                                    {"expert_count", "num_local_experts"},
                                    {"expert_shared_feed_forward_length", "shared_expert_intermediate_size"},
                                }));

graph::Graph build(const model::Model& model) { return build_decoder(model, {.architecture = "qwen2moe"}); }

}  // namespace

const Architecture qwen2moe{"qwen2moe",
                            "Qwen 2 with experts and a gated shared one",
                            kHuggingFaceClasses,
                            kHuggingFaceConstants,
                            {},
                            kWeights,
                            kConfig,
                            build,
                            {},
                            kUnread};

}  // namespace adze::architectures
