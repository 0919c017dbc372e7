// llama.cpp's mixes as data (its src/llama-quant.cpp, mid 2026). This file may name foreign architectures.
#include "quantize/llama_cpp_mixes.h"

#include <algorithm>
#include <array>

namespace adze::quantize {
namespace {

using namespace codecs;  // the storage types
using enum TensorCategory;

constexpr std::array kQ4_K_M = {
    MixRule{attention_v, Layers::more_bits, Models::all, &q6_k},
    MixRule{ffn_down, Layers::first_sixteenth, Models::multi_query, &q6_k},
    MixRule{ffn_down, Layers::more_bits, Models::multi_query, &q5_k},
    MixRule{ffn_down, Layers::more_bits, Models::not_multi_query, &q6_k},
    MixRule{attention_output, Layers::all, Models::eight_experts, &q5_k},
};
constexpr std::array kQ4_K_S = {
    MixRule{attention_v, Layers::first_four, Models::all, &q5_k},
    MixRule{ffn_down, Layers::first_eighth, Models::not_multi_query, &q5_k},
    MixRule{attention_output, Layers::all, Models::eight_experts, &q5_k},
};
constexpr std::array kQ5_K_M = {
    MixRule{attention_v, Layers::more_bits, Models::all, &q6_k},
    MixRule{ffn_down, Layers::more_bits, Models::all, &q6_k},
};
constexpr std::array kQ4_0 = {MixRule{ffn_down, Layers::first_eighth, Models::with_importance, &q4_1}};
constexpr std::array kQ5_0 = {MixRule{ffn_down, Layers::first_eighth, Models::with_importance, &q5_1}};

constexpr std::array kQ2_K = {
    MixRule{attention_v, Layers::all, Models::grouped_heads, &q4_k},
    MixRule{attention_v, Layers::all, Models::all, &q3_k},
    MixRule{ffn_down, Layers::all, Models::all, &q3_k},
    MixRule{attention_output, Layers::all, Models::eight_experts, &q5_k},
    MixRule{attention_output, Layers::all, Models::not_multi_query, &q3_k},
};
constexpr std::array kQ2_K_S = {
    MixRule{attention_v, Layers::all, Models::grouped_heads, &q4_k},
    MixRule{ffn_down, Layers::first_eighth, Models::all, &q4_k},
};
constexpr std::array kQ3_K_S = {
    MixRule{attention_output, Layers::all, Models::eight_experts, &q5_k},
};
constexpr std::array kQ3_K_M = {
    MixRule{attention_v, Layers::first_two, Models::all, &q5_k},
    MixRule{attention_v, Layers::all, Models::all, &q4_k},
    MixRule{ffn_down, Layers::first_sixteenth, Models::all, &q5_k},
    MixRule{ffn_down, Layers::all, Models::not_multi_query, &q4_k},
    MixRule{ffn_down, Layers::more_bits, Models::multi_query, &q4_k},
    MixRule{attention_output, Layers::all, Models::eight_experts, &q5_k},
    MixRule{attention_output, Layers::all, Models::not_multi_query, &q4_k},
};
constexpr std::array kQ3_K_L = {
    MixRule{attention_v, Layers::all, Models::all, &q5_k},
    MixRule{ffn_down, Layers::all, Models::multi_query, &q4_k},
    MixRule{ffn_down, Layers::all, Models::all, &q5_k},
    MixRule{attention_output, Layers::all, Models::eight_experts, &q3_k},
    MixRule{attention_output, Layers::all, Models::multi_query, &q4_k},
    MixRule{attention_output, Layers::all, Models::all, &q5_k},
};
constexpr std::array kIq4 = {
    MixRule{attention_v, Layers::all, Models::grouped_heads, &q5_k},
    MixRule{ffn_down, Layers::first_eighth, Models::without_importance, &q5_k},
    MixRule{attention_output, Layers::all, Models::eight_experts, &q5_k},
};
constexpr std::array kIq3_M = {
    MixRule{attention_v, Layers::all, Models::all, &q4_k},
    MixRule{ffn_down, Layers::first_eighth, Models::all, &q4_k},
    MixRule{ffn_down, Layers::more_bits, Models::eight_experts, &q4_k},
    MixRule{attention_output, Layers::all, Models::eight_experts, &q5_k},
    MixRule{attention_output, Layers::all, Models::not_multi_query, &q4_k},
};
constexpr std::array kIq3_S = {
    MixRule{attention_v, Layers::all, Models::grouped_heads, &q4_k},
    MixRule{attention_output, Layers::all, Models::eight_experts, &q5_k},
};
constexpr std::array kIq3_XS = {
    MixRule{attention_v, Layers::all, Models::grouped_heads, &q4_k},
    MixRule{attention_k, Layers::all, Models::all, &iq3_xxs},
    MixRule{attention_q, Layers::all, Models::all, &iq3_xxs},
    MixRule{ffn_gate, Layers::inner, Models::all, &iq3_xxs},
    MixRule{ffn_up, Layers::inner, Models::all, &iq3_xxs},
    MixRule{attention_output, Layers::all, Models::eight_experts, &q5_k},
};
constexpr std::array kIq3_XXS = {
    MixRule{token_embedding, Layers::all, Models::all, &iq3_s},
    MixRule{attention_v, Layers::all, Models::grouped_heads, &q4_k},
    MixRule{attention_v, Layers::all, Models::without_importance, &iq3_s},
    MixRule{attention_k, Layers::all, Models::all, &iq2_s},
    MixRule{attention_q, Layers::all, Models::all, &iq2_s},
    MixRule{ffn_down, Layers::first_eighth, Models::without_importance, &q4_k},
    MixRule{ffn_down, Layers::all, Models::without_importance, &q3_k},
    MixRule{attention_output, Layers::all, Models::eight_experts, &q5_k},
    MixRule{attention_output, Layers::all, Models::not_multi_query, &iq3_s},
};
constexpr std::array kIq2_S = {
    MixRule{token_embedding, Layers::all, Models::all, &iq3_s},
    MixRule{attention_v, Layers::all, Models::grouped_heads, &q4_k},
    MixRule{attention_v, Layers::all, Models::four_experts, &q4_k},
    MixRule{attention_v, Layers::all, Models::all, &iq3_s},
    MixRule{attention_k, Layers::all, Models::eight_experts, &q4_k},
    MixRule{ffn_down, Layers::first_eighth, Models::all, &iq3_s},
    MixRule{attention_output, Layers::all, Models::eight_experts, &q5_k},
    MixRule{attention_output, Layers::all, Models::all, &iq3_s},
};
constexpr std::array kIq2_XS = {
    MixRule{token_embedding, Layers::all, Models::all, &q2_k},
    MixRule{attention_v, Layers::all, Models::grouped_heads, &q4_k},
    MixRule{attention_v, Layers::all, Models::four_experts, &q4_k},
    MixRule{attention_v, Layers::all, Models::all, &q2_k},
    MixRule{attention_k, Layers::all, Models::eight_experts, &q4_k},
    MixRule{ffn_down, Layers::first_eighth, Models::all, &q2_k},
    MixRule{attention_output, Layers::all, Models::eight_experts, &q5_k},
};
constexpr std::array kIq1 = {
    MixRule{token_embedding, Layers::all, Models::all, &q2_k},
    MixRule{attention_v, Layers::all, Models::grouped_heads, &q4_k},
    MixRule{attention_v, Layers::all, Models::four_experts, &q4_k},
    MixRule{attention_v, Layers::all, Models::all, &q2_k},
    MixRule{attention_k, Layers::all, Models::eight_experts, &q4_k},
    MixRule{ffn_down, Layers::first_eighth, Models::all, &q2_k},
    MixRule{attention_output, Layers::all, Models::eight_experts, &q5_k},
    MixRule{attention_output, Layers::all, Models::all, &iq2_xxs},
};
constexpr std::array kFewLevels = {
    MixRule{token_embedding, Layers::all, Models::all, &q4_k},
};

constexpr MixCustoms kSmallest{.output = &q5_k, .small_shared_tensors = true, .layers_by_count = true};
constexpr MixCustoms kSmall{.output = &q5_k};
constexpr MixCustoms kOnlyExperts{.output = &q8_0, .small_shared_tensors = true, .not_of_experts = &q8_0};

constinit const std::array kAllMixes = {
    Mix{"Q1_0", "signs, one scale per 128: for models trained so", &q1_0.info, 40, {}},
    Mix{"IQ1_S", "1.6-bit points of a codebook, needs importance", &iq1_s.info, 24, kIq1, kSmallest},
    Mix{"TQ1_0", "ternary, five in a byte: for models trained so", &tq1_0.info, 36, kFewLevels},
    Mix{"IQ1_M", "1.75-bit points of a codebook, needs importance", &iq1_m.info, 31, kIq1, kSmallest},
    Mix{"IQ2_XXS", "2.1-bit points of a codebook, needs importance", &iq2_xxs.info, 19, kIq2_XS, kSmallest},
    Mix{"TQ2_0", "ternary in 2 bits: for models trained so", &tq2_0.info, 37, kFewLevels},
    Mix{"Q2_0", "four levels, one scale per 64: for models trained so", &q2_0.info, 41, kFewLevels},
    Mix{"IQ2_XS", "2.3-bit points of a codebook, needs importance", &iq2_xs.info, 20, kIq2_XS, kSmallest},
    Mix{"IQ2_S", "2.5-bit points of a codebook, needs importance", &iq2_xs.info, 28, kIq2_S, kSmallest},
    Mix{"IQ2_M", "2.7-bit points of a codebook, needs importance", &iq2_s.info, 29, kIq2_S, kSmallest},
    Mix{"Q2_K_S", "2-bit with two-level scales, small, needs importance", &q2_k.info, 21, kQ2_K_S},
    Mix{"Q2_K", "2-bit with two-level scales, 3-bit where it matters", &q2_k.info, 10, kQ2_K},
    Mix{"IQ3_XXS", "3.1-bit points of a codebook, needs importance", &iq3_xxs.info, 23, kIq3_XXS, kSmall},
    Mix{"IQ3_XS", "3.3-bit points of a codebook, needs importance", &iq3_s.info, 22, kIq3_XS},
    Mix{"IQ3_S", "3.4-bit points of a codebook", &iq3_s.info, 26, kIq3_S},
    Mix{"Q3_K_S", "3-bit with two-level scales, small", &q3_k.info, 11, kQ3_K_S},
    Mix{"IQ3_M", "3.4-bit points of a codebook, 4-bit where it matters", &iq3_s.info, 27, kIq3_M},
    Mix{"Q3_K_M", "3-bit with two-level scales, 4-bit where it matters", &q3_k.info, 12, kQ3_K_M},
    Mix{"Q3_K_L", "3-bit with two-level scales, 5-bit where it matters", &q3_k.info, 13, kQ3_K_L},
    Mix{"MXFP4_MOE", "4-bit floats for experts, 8-bit for the rest", &mxfp4.info, 38, {}, kOnlyExperts},
    Mix{"IQ4_XS", "4.25-bit uneven levels, scales within a scale", &iq4_xs.info, 30, kIq4},
    Mix{"IQ4_NL", "4.5-bit uneven levels, one scale per 32", &iq4_nl.info, 25, kIq4},
    Mix{"Q4_0", "4-bit, one scale per 32: simplest and fastest to unpack", &q4_0.info, 2, kQ4_0},
    Mix{"Q4_K_S", "4-bit with two-level scales, small", &q4_k.info, 14, kQ4_K_S},
    Mix{"Q4_K_M", "4-bit with two-level scales, 6-bit where it matters: the usual choice", &q4_k.info, 15, kQ4_K_M},
    Mix{"Q4_1", "4-bit, scale and offset per 32", &q4_1.info, 3, {}},
    Mix{"Q5_0", "5-bit, one scale per 32", &q5_0.info, 8, kQ5_0},
    Mix{"Q5_K_S", "5-bit with two-level scales, small", &q5_k.info, 16, {}},
    Mix{"Q5_K_M", "5-bit with two-level scales, 6-bit where it matters", &q5_k.info, 17, kQ5_K_M},
    Mix{"Q5_1", "5-bit, scale and offset per 32", &q5_1.info, 9, {}},
    Mix{"Q6_K", "6-bit with two-level scales: hardly any loss", &q6_k.info, 18, {}},
    Mix{"Q8_0", "8-bit, one scale per 32: practically no loss", &q8_0.info, 7, {}},
    Mix{"F16", "16-bit floats", &f16.info, 1, {}},
    Mix{"BF16", "16-bit floats with the range of 32-bit ones", &bf16.info, 32, {}},
    Mix{"F32", "32-bit floats", &f32.info, 0, {}},
};

constexpr std::array kSharedValueHeads = {
    SharedValueHeads{"llama", 80, true},        // lint: allow model-names: data of a foreign tool
    SharedValueHeads{"llama-embed", 80, true},  // lint: allow model-names: data of a foreign tool
    SharedValueHeads{"qwen2", 80, false},       // lint: allow model-names: data of a foreign tool
    SharedValueHeads{"deci", 80, false},       SharedValueHeads{"olmo", 80, false},
    SharedValueHeads{"jais2", 68, false},
};

constexpr std::array kPreciseTensors = {
    PreciseTensors{"glm5-next", "attn_q_a"},
    PreciseTensors{"glm5-next", "attn_q_b"},
    PreciseTensors{"glm5-next", "nextn.eh_proj"},
};

constexpr std::array kBlockFallbacks = {
    BlockFallback{&iq1_s, &iq4_nl},  BlockFallback{&iq1_m, &iq4_nl},  BlockFallback{&iq2_xxs, &iq4_nl},
    BlockFallback{&iq2_xs, &iq4_nl}, BlockFallback{&iq2_s, &iq4_nl},  BlockFallback{&iq3_xxs, &iq4_nl},
    BlockFallback{&iq3_s, &iq4_nl},  BlockFallback{&iq4_xs, &iq4_nl}, BlockFallback{&q2_0, &q4_0},
    BlockFallback{&q2_k, &q4_0},     BlockFallback{&q3_k, &q4_0},     BlockFallback{&tq1_0, &q4_0},
    BlockFallback{&tq2_0, &q4_0},    BlockFallback{&q4_k, &q5_0},     BlockFallback{&q5_k, &q5_1},
    BlockFallback{&q6_k, &q8_0},
};

// Low-bit types that are bad without importance.
constexpr std::array kNeedImportance = {&iq3_xxs, &iq2_xxs, &iq2_xs, &iq2_s, &iq1_m, &iq1_s};

constexpr std::array kAliases = {
    MixAlias{"Q3_K", "Q3_K_M"},
    MixAlias{"Q4_K", "Q4_K_M"},
    MixAlias{"Q5_K", "Q5_K_M"},
};

}  // namespace

constinit const std::string_view kMultiQueryArchitecture = "falcon";  // lint: allow model-names: data of a foreign tool

constinit const std::string_view kStackedAttentionArchitecture = "bailingmoe3";

std::span<const Mix> all_mixes() { return kAllMixes; }
std::span<const SharedValueHeads> models_with_shared_value_heads() { return kSharedValueHeads; }
std::span<const PreciseTensors> tensors_kept_precise() { return kPreciseTensors; }
std::span<const BlockFallback> block_fallbacks() { return kBlockFallbacks; }
std::span<const MixAlias> mix_aliases() { return kAliases; }

bool needs_importance(StorageType storage) {
  return std::ranges::any_of(kNeedImportance, [&](const Codec* codec) { return &codec->info == storage; });
}

bool needs_importance(const Mix& mix, std::string_view tensor, StorageType storage) {
  const TensorCategory category = category_of(tensor);
  if (category == token_embedding || category == output) return false;
  if (storage == &q2_k.info) return mix.name == "Q2_K_S";
  return needs_importance(storage);
}

}  // namespace adze::quantize
