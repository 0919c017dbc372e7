#include "architectures/starcoder2.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"Starcoder2ForCausalLM", "starcoder2", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"hidden_act", "\"gelu_pytorch_tanh\""}};
constexpr HuggingFaceFlag kHuggingFaceFlags[] = {{"use_bias", "blk.0.attn_q.bias"}};
constexpr std::string_view kUnread[] = {
    "activation_function", "layer_norm_epsilon",        "mlp_type",
    "norm_type",           "attention_softmax_in_fp32", "scale_attention_softmax_in_fp32",
    "scale_attn_weights"};
constexpr auto kWeights = joined(kEmbeddingWeights, kBlockNormWeights, kBlockNormBiases, kAttentionWeights,
                                 std::to_array<WeightName>({
                                     {"blk.{}.ffn_up.weight", "model.layers.{}.mlp.c_fc.weight"},
                                     {"blk.{}.ffn_up.bias", "model.layers.{}.mlp.c_fc.bias"},
                                     {"blk.{}.ffn_down.weight", "model.layers.{}.mlp.c_proj.weight"},
                                     {"blk.{}.ffn_down.bias", "model.layers.{}.mlp.c_proj.bias"},
                                 }));
constexpr auto kConfig = joined(kDecoderConfig, std::to_array<ConfigName>({
                                                    {"attention.sliding_window", "sliding_window"},
                                                    {"attention.layer_norm_epsilon", "norm_epsilon", ConfigKind::f32},
                                                }));

graph::Graph build(const model::Model& model) {
  return build_decoder(
      model, {.architecture = "starcoder2", .norm = NormKind::layer, .activation = FeedForwardActivation::gelu_tanh});
}

}  // namespace

const Architecture starcoder2{"starcoder2",
                              "StarCoder 2: layer norms, biases, plain feed-forward, a window",
                              kHuggingFaceClasses,
                              kHuggingFaceConstants,
                              kHuggingFaceFlags,
                              kWeights,
                              kConfig,
                              build,
                              {},
                              kUnread};

}  // namespace adze::architectures
