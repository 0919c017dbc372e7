#include "architectures/smollm3.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"SmolLM3ForCausalLM", "smollm3", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {
    {"hidden_act", "\"silu\""}, {"no_rope_layer_interval", "4"}, {"use_sliding_window", "false"}};
constexpr HuggingFaceFlag kHuggingFaceFlags[] = {{"attention_bias", "blk.0.attn_q.bias"},
                                                 {"mlp_bias", "blk.0.ffn_up.bias"}};
// Without use_sliding_window nothing comes of these.
constexpr std::string_view kUnread[] = {"sliding_window", "max_window_layers"};
constexpr LayerPeriods kPeriods{.unrotated = 4};
constexpr auto kWeights =
    joined(kEmbeddingWeights, kBlockNormWeights, kInterleavedAttentionWeights, kGatedFeedForwardWeights);
constexpr auto kConfig = joined(kDecoderConfig, kHeadSizeConfig, kRmsNormConfig, kRotatedPartConfig, kVocabularyConfig);

graph::Graph build(const model::Model& model) {
  return build_decoder(
      model, {.architecture = "smollm3", .rotary_layout = "interleaved", .unrotated_period = kPeriods.unrotated});
}

}  // namespace

const Architecture smollm3{"smollm3",
                           "SmolLM3: Llama of which every fourth layer does not rotate",
                           kHuggingFaceClasses,
                           kHuggingFaceConstants,
                           kHuggingFaceFlags,
                           kWeights,
                           kConfig,
                           build,
                           {},
                           kUnread,
                           kPeriods};

}  // namespace adze::architectures
