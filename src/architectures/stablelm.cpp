#include "architectures/stablelm.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"StableLmForCausalLM", "stablelm", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"hidden_act", "\"silu\""}};
constexpr HuggingFaceFlag kHuggingFaceFlags[] = {{"use_qkv_bias", "blk.0.attn_q.bias"},
                                                 {"qk_layernorm", "blk.0.attn_q_norm.weight"}};
constexpr auto kWeights =
    joined(kEmbeddingWeights, kBlockNormWeights, kBlockNormBiases, kAttentionWeights, kGatedFeedForwardWeights,
           std::to_array<WeightName>({
               {"blk.{}.attn_q_norm.weight", "model.layers.{}.self_attn.q_layernorm.norms.{}.weight"},
               {"blk.{}.attn_k_norm.weight", "model.layers.{}.self_attn.k_layernorm.norms.{}.weight"},
           }));
constexpr auto kConfig =
    joined(kDecoderConfig, std::to_array<ConfigName>({
                               {"rope.dimension_count", "partial_rotary_factor", ConfigKind::part_of_head, {0.25}},
                               {"use_parallel_residual", "use_parallel_residual", ConfigKind::boolean},
                               {"attention.layer_norm_epsilon", "layer_norm_eps", ConfigKind::f32, {1e-5}},
                           }));

// A model whose feed-forward blocks have no norm of their own runs them beside attention.
graph::Graph build(const model::Model& model) {
  const bool parallel = !model.tensors.contains("blk.0.ffn_norm.weight");
  return build_decoder(model, {.architecture = "stablelm",
                               .norm = NormKind::layer,
                               .residual = parallel ? Residual::parallel : Residual::sequential});
}

}  // namespace

const Architecture stablelm{"stablelm",
                            "StableLM: layer norms, partly rotated heads, in one size parallel blocks",
                            kHuggingFaceClasses,
                            kHuggingFaceConstants,
                            kHuggingFaceFlags,
                            kWeights,
                            kConfig,
                            build};

}  // namespace adze::architectures
