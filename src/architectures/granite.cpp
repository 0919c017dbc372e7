#include "architectures/granite.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"GraniteForCausalLM", "granite", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"hidden_act", "\"silu\""}};
constexpr HuggingFaceFlag kHuggingFaceFlags[] = {{"attention_bias", "blk.0.attn_q.bias"},
                                                 {"mlp_bias", "blk.0.ffn_up.bias"}};
constexpr auto kWeights =
    joined(kEmbeddingWeights, kBlockNormWeights, kInterleavedAttentionWeights, kGatedFeedForwardWeights);
constexpr auto kConfig = joined(kDecoderConfig, kRmsNormConfig, kRotatedPartConfig, kVocabularyConfig,
                                std::to_array<ConfigName>({
                                    {"attention.scale", "attention_multiplier", ConfigKind::f32},
                                    {"embedding_scale", "embedding_multiplier", ConfigKind::f32},
                                    {"residual_scale", "residual_multiplier", ConfigKind::f32},
                                    {"logit_scale", "logits_scaling", ConfigKind::f32},
                                }));

graph::Graph build(const model::Model& model) {
  return build_decoder(model, {.architecture = "granite", .rotary_layout = "interleaved"});
}

}  // namespace

const Architecture granite{"granite",
                           "Granite 3: Llama with factors on embeddings, residuals, attention and logits",
                           kHuggingFaceClasses,
                           kHuggingFaceConstants,
                           kHuggingFaceFlags,
                           kWeights,
                           kConfig,
                           build};

}  // namespace adze::architectures
