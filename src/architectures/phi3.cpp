#include "architectures/phi3.h"

#include "architectures/decoder.h"
#include "architectures/weight_tables.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"Phi3ForCausalLM", "phi3", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"hidden_act", "\"silu\""}};
constexpr std::string_view kUnread[] = {"full_attn_mod", "interpolate_factor"};
constexpr auto kWeights = joined(kEmbeddingWeights, kBlockNormWeights,
                                 std::to_array<WeightName>({
                                     {"blk.{}.attn_qkv.weight", "model.layers.{}.self_attn.qkv_proj.weight"},
                                     {"blk.{}.attn_output.weight", "model.layers.{}.self_attn.o_proj.weight"},
                                     {"blk.{}.ffn_up.weight", "model.layers.{}.mlp.gate_up_proj.weight"},
                                     {"blk.{}.ffn_down.weight", "model.layers.{}.mlp.down_proj.weight"},
                                 }));
constexpr auto kConfig = joined(kDecoderConfig, kRmsNormConfig, kRotatedPartConfig,
                                std::to_array<ConfigName>({
                                    {"attention.sliding_window", "sliding_window", ConfigKind::u32, {0}},
                                    {"rope.scaling.original_context_length",
                                     "original_max_position_embeddings",
                                     ConfigKind::u32,
                                     {1, "context_length"}},
                                }));

graph::Graph build(const model::Model& model) { return build_decoder(model, {.architecture = "phi3"}); }

}  // namespace

const Architecture phi3{"phi3",
                        "Phi-3, 3.5, 4-mini: fused projections, rotary factors for long contexts",
                        kHuggingFaceClasses,
                        kHuggingFaceConstants,
                        {},
                        kWeights,
                        kConfig,
                        build,
                        {},
                        kUnread};

}  // namespace adze::architectures
