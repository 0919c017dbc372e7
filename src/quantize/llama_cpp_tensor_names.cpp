// Which tensors llama.cpp's mixes tell apart, and which they leave alone, by their GGUF names
// (its src/llama-quant.cpp, mid 2026). This file may name foreign architectures.
#include <algorithm>
#include <array>

#include "quantize/mix.h"

namespace adze::quantize {
namespace {

using enum TensorCategory;

struct NamePart {
  std::string_view part;
  TensorCategory category;
};

// The first part that occurs in the name decides.
constexpr std::array kCategories = {
    NamePart{"attn_qkv.weight", attention_v},
    NamePart{"attn_kv_b.weight", attention_v},
    NamePart{"attn_v.weight", attention_v},
    NamePart{"attn_k.weight", attention_k},
    NamePart{"attn_q.weight", attention_q},
    NamePart{"attn_output.weight", attention_output},
    NamePart{"ffn_up", ffn_up},
    NamePart{"ffn_gate", ffn_gate},
    NamePart{"ffn_down", ffn_down},
};

struct KeptTensor {
  std::string_view part;
  std::string_view reason;
};

constexpr std::array kKept = {
    KeptTensor{"_norm.weight", "a norm"},
    KeptTensor{"ffn_gate_inp.weight", "chooses experts"},
    KeptTensor{"ffn_gate_tid2eid.weight", "chooses experts"},
    KeptTensor{"altup", "very small"},
    KeptTensor{"laurel", "very small"},
    KeptTensor{"per_layer_model_proj", "small and sensitive"},
    KeptTensor{"ssm_conv1d", "a small convolution"},
    KeptTensor{"shortconv.conv.weight", "a small convolution"},
    KeptTensor{"indexer.k_proj.weight", "very small"},
    KeptTensor{"indexer.q_proj.weight", "very small"},
    KeptTensor{"time_mix_first.weight", "small and sensitive"},
    KeptTensor{"time_mix_w0.weight", "small and sensitive"},
    KeptTensor{"time_mix_w1.weight", "small and sensitive"},
    KeptTensor{"time_mix_w2.weight", "small and sensitive"},
    KeptTensor{"time_mix_v0.weight", "small and sensitive"},
    KeptTensor{"time_mix_v1.weight", "small and sensitive"},
    KeptTensor{"time_mix_v2.weight", "small and sensitive"},
    KeptTensor{"time_mix_a0.weight", "small and sensitive"},
    KeptTensor{"time_mix_a1.weight", "small and sensitive"},
    KeptTensor{"time_mix_a2.weight", "small and sensitive"},
    KeptTensor{"time_mix_g1.weight", "small and sensitive"},
    KeptTensor{"time_mix_g2.weight", "small and sensitive"},
    KeptTensor{"time_mix_decay_w1.weight", "small and sensitive"},
    KeptTensor{"time_mix_decay_w2.weight", "small and sensitive"},
    KeptTensor{"time_mix_lerp_fused.weight", "small and sensitive"},
    KeptTensor{"attn_rel_b.weight", "relative positions"},
    KeptTensor{".position_embd", "positions"},
    KeptTensor{"sam.pos_embd", "positions"},
    KeptTensor{"sam.neck.", "an image encoder's neck"},
    KeptTensor{"sam.net_", "an image encoder's neck"},
    KeptTensor{".rel_pos", "relative positions"},
    KeptTensor{".patch_embd", "image patches"},
    KeptTensor{".patch_merger", "image patches"},
    KeptTensor{"a.rvq.codebook", "an audio codebook"},
    KeptTensor{"mm.a.code_embd", "an audio codebook"},
};

constexpr std::array<std::string_view, 2> kKeptNames = {"position_embd.weight", "token_types.weight"};

struct KeptOfArchitecture {
  std::string_view architecture;
  std::string_view part;
};

constexpr std::array kKeptOfArchitecture = {
    KeptOfArchitecture{"glm5-next", "hc_"},
    KeptOfArchitecture{"glm5-next", "indexer.attn_q_b"},
    KeptOfArchitecture{"glm5-next", "indexer.attn_k"},
    KeptOfArchitecture{"glm5-next", "indexer.proj"},
    KeptOfArchitecture{"glm5-next", "indexer_compressor_gate"},
    KeptOfArchitecture{"glm5-next", "indexer_compressor_ape"},
    KeptOfArchitecture{"glm5-next", "ssm_f_a.weight"},
    KeptOfArchitecture{"glm5-next", "ssm_f_b.weight"},
    KeptOfArchitecture{"glm5-next", "ssm_g_a.weight"},
    KeptOfArchitecture{"glm5-next", "ssm_g_b.weight"},
    KeptOfArchitecture{"glm5-next", "ssm_beta.weight"},
    KeptOfArchitecture{"glm5-next", "attn_kv_a_mqa.weight"},
    KeptOfArchitecture{"glm5-next", "attn_k_b.weight"},
    KeptOfArchitecture{"glm5-next", "attn_v_b.weight"},
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Dimensions of size 1 in front do not count.
bool is_matrix(const Shape& shape) {
  const auto dims = shape.dims();
  const auto first = std::find_if(dims.begin(), dims.end(), [](int64_t dim) { return dim != 1; });
  return dims.end() - first >= 2;
}

}  // namespace

TensorCategory category_of(std::string_view name) {
  if (name == "output.weight") return output;
  if (name == "token_embd.weight" || name == "per_layer_token_embd.weight") return token_embedding;
  for (const NamePart& known : kCategories) {
    if (contains(name, known.part)) return known.category;
  }
  return other;
}

std::string_view reason_to_keep(std::string_view name, const Shape& shape, std::string_view architecture) {
  if (!is_matrix(shape)) return "one dimension";
  if (!name.ends_with("weight")) return "not a weight";
  for (const KeptTensor& kept : kKept) {
    if (contains(name, kept.part)) return kept.reason;
  }
  if (std::find(kKeptNames.begin(), kKeptNames.end(), name) != kKeptNames.end()) return "positions or token types";
  for (const KeptOfArchitecture& kept : kKeptOfArchitecture) {
    if (kept.architecture == architecture && contains(name, kept.part)) return "small and sensitive";
  }
  return {};
}

}  // namespace adze::quantize
