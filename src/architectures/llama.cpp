#include "architectures/llama.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"LlamaForCausalLM", "llama", ""},
                                                    {"MistralForCausalLM", "mistral", "attention.sliding_window"},
                                                    {"MixtralForCausalLM", "mixtral", "expert_count"}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"hidden_act", "\"silu\""}};
constexpr HuggingFaceFlag kHuggingFaceFlags[] = {{"attention_bias", "blk.0.attn_q.bias"},
                                                 {"mlp_bias", "blk.0.ffn_up.bias"}};
constexpr auto kWeights =
    joined(kEmbeddingWeights, kBlockNormWeights, kInterleavedAttentionWeights, kGatedFeedForwardWeights,
           std::to_array<WeightName>({
               {"blk.{}.ffn_gate_inp.weight", "model.layers.{}.block_sparse_moe.gate.weight"},
               {"blk.{}.ffn_gate_exps.weight", "model.layers.{}.block_sparse_moe.experts.{}.w1.weight"},
               {"blk.{}.ffn_down_exps.weight", "model.layers.{}.block_sparse_moe.experts.{}.w2.weight"},
               {"blk.{}.ffn_up_exps.weight", "model.layers.{}.block_sparse_moe.experts.{}.w3.weight"},
           }));
constexpr auto kConfig = joined(kDecoderConfig, kHeadSizeConfig, kRmsNormConfig, kRotatedPartConfig, kVocabularyConfig,
                                std::to_array<ConfigName>({
                                    {"attention.sliding_window", "sliding_window"},
                                    {"expert_count", "num_local_experts"},
                                    {"expert_used_count", "num_experts_per_tok"},
                                }));

graph::Graph build(const model::Model& model) {
  return build_decoder(model,
                       {.architecture = "llama", .rotary_layout = "interleaved", .routing = {.normalize = true}});
}

}  // namespace

const Architecture llama{"llama",
                         "Llama, Mistral, Mixtral, SmolLM2: RMS norm, rotary grouped-query attention, SwiGLU",
                         kHuggingFaceClasses,
                         kHuggingFaceConstants,
                         kHuggingFaceFlags,
                         kWeights,
                         kConfig,
                         build};

}  // namespace adze::architectures
