#include "architectures/olmo2.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"Olmo2ForCausalLM", "olmo2", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"hidden_act", "\"silu\""}};
constexpr HuggingFaceFlag kHuggingFaceFlags[] = {{"attention_bias", "blk.0.attn_q.bias"}};
constexpr auto kWeights =
    joined(kEmbeddingWeights, kAttentionWeights, kQueryKeyNormWeights, kGatedFeedForwardWeights,
           std::to_array<WeightName>({
               {"blk.{}.post_attention_norm.weight", "model.layers.{}.post_attention_layernorm.weight"},
               {"blk.{}.post_ffw_norm.weight", "model.layers.{}.post_feedforward_layernorm.weight"},
           }));
constexpr auto kConfig = joined(kDecoderConfig, kHeadSizeConfig, kRmsNormConfig);

graph::Graph build(const model::Model& model) { return build_decoder(model, {.architecture = "olmo2"}); }

}  // namespace

const Architecture olmo2{"olmo2",
                         "OLMo 2: norms behind blocks, on queries and on keys",
                         kHuggingFaceClasses,
                         kHuggingFaceConstants,
                         kHuggingFaceFlags,
                         kWeights,
                         kConfig,
                         build};

}  // namespace adze::architectures
