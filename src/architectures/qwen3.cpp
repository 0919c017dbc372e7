#include "architectures/qwen3.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"Qwen3ForCausalLM", "qwen3", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"hidden_act", "\"silu\""}, {"use_sliding_window", "false"}};
constexpr HuggingFaceFlag kHuggingFaceFlags[] = {{"attention_bias", "blk.0.attn_q.bias"}};
// Without use_sliding_window nothing comes of these.
constexpr std::string_view kUnread[] = {"sliding_window", "max_window_layers"};
constexpr auto kWeights =
    joined(kEmbeddingWeights, kBlockNormWeights, kAttentionWeights, kQueryKeyNormWeights, kGatedFeedForwardWeights);
constexpr auto kConfig = joined(kDecoderConfig, kHeadSizeConfig, kRmsNormConfig);

graph::Graph build(const model::Model& model) { return build_decoder(model, {.architecture = "qwen3"}); }

}  // namespace

const Architecture qwen3{"qwen3",
                         "Qwen 3: Llama with norms on queries and keys of each head",
                         kHuggingFaceClasses,
                         kHuggingFaceConstants,
                         kHuggingFaceFlags,
                         kWeights,
                         kConfig,
                         build,
                         {},
                         kUnread};

}  // namespace adze::architectures
