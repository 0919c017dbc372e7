// llama.cpp's mixes as data (its src/llama-quant.cpp, mid 2026). This file may name foreign architectures.
#include "quantize/llama_cpp_mixes.h"

#include <array>

namespace adze::quantize {
namespace {

using codecs::bf16, codecs::f16, codecs::f32;
using codecs::q4_0, codecs::q4_1, codecs::q4_k, codecs::q5_0, codecs::q5_1, codecs::q5_k, codecs::q6_k, codecs::q8_0;

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

constinit const std::array kAllMixes = {
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
    BlockFallback{&q4_k, &q5_0},
    BlockFallback{&q5_k, &q5_1},
    BlockFallback{&q6_k, &q8_0},
};

}  // namespace

constinit const std::string_view kMultiQueryArchitecture = "falcon";  // lint: allow model-names: data of a foreign tool

std::span<const Mix> all_mixes() { return kAllMixes; }
std::span<const SharedValueHeads> models_with_shared_value_heads() { return kSharedValueHeads; }
std::span<const PreciseTensors> tensors_kept_precise() { return kPreciseTensors; }
std::span<const BlockFallback> block_fallbacks() { return kBlockFallbacks; }

}  // namespace adze::quantize
