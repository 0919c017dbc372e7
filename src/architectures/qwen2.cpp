#include "architectures/qwen2.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"Qwen2ForCausalLM", "qwen2", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"hidden_act", "\"silu\""}, {"use_sliding_window", "false"}};
// Without use_sliding_window nothing comes of these.
constexpr std::string_view kUnread[] = {"sliding_window", "max_window_layers", "dual_chunk_attention_config"};
constexpr auto kWeights = joined(kEmbeddingWeights, kBlockNormWeights, kAttentionWeights, kGatedFeedForwardWeights);
constexpr auto kConfig = joined(kDecoderConfig, kHeadSizeConfig, kRmsNormConfig);

graph::Graph build(const model::Model& model) { return build_decoder(model, {.architecture = "qwen2"}); }

}  // namespace

const Architecture qwen2{"qwen2",
                         "Qwen 2, 2.5: Llama with biases on queries, keys and values",
                         kHuggingFaceClasses,
                         kHuggingFaceConstants,
                         {},
                         kWeights,
                         kConfig,
                         build,
                         {},
                         kUnread};

}  // namespace adze::architectures
