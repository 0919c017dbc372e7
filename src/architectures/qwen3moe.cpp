#include "architectures/qwen3moe.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"Qwen3MoeForCausalLM", "qwen3_moe", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"hidden_act", "\"silu\""},
                                                         {"use_sliding_window", "false"},
                                                         {"norm_topk_prob", "true"},
                                                         {"decoder_sparse_step", "1"},
                                                         {"mlp_only_layers", "[]"}};
constexpr HuggingFaceFlag kHuggingFaceFlags[] = {{"attention_bias", "blk.0.attn_q.bias"}};
// Without use_sliding_window nothing comes of these.
constexpr std::string_view kUnread[] = {"sliding_window", "max_window_layers"};
constexpr auto kWeights =
    joined(kEmbeddingWeights, kBlockNormWeights, kAttentionWeights, kQueryKeyNormWeights, kExpertWeights);
constexpr auto kConfig =
    joined(kDecoderConfig, kHeadSizeConfig, kRmsNormConfig, kExpertConfig,
           std::to_array<ConfigName>({{"expert_count", "num_experts"}, {"expert_count", "num_local_experts"}}));

graph::Graph build(const model::Model& model) {
  return build_decoder(model, {.architecture = "qwen3moe", .routing = {.normalize = true}});
}

}  // namespace

const Architecture qwen3moe{"qwen3moe",
                            "Qwen 3 with experts",
                            kHuggingFaceClasses,
                            kHuggingFaceConstants,
                            kHuggingFaceFlags,
                            kWeights,
                            kConfig,
                            build,
                            {},
                            kUnread};

}  // namespace adze::architectures
