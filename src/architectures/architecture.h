// A model architecture: how its config and weights are called in each world, and the Graph they stand for.
// One file per architecture; all_architectures.cpp is the table. Conditions come from config values and from which
// weights exist, never from model names.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "graph/graph.h"
#include "model/model.h"

namespace adze::architectures {

/// What happens to a weight on the way from Hugging Face to the canonical form (and backwards on the way out).
enum class Transform {
  none,
  /// Rows of each head go from "two halves" to "interleaved pairs" order, the rotary layout of GGUF's llama.
  interleave_query_heads,  // head count: attention.head_count
  interleave_key_heads,    // head count: attention.head_count_kv
  /// 1 is added: norms that are stored as what they differ from 1.
  add_one,
  /// [in, out] becomes [out, in].
  transpose,
  /// Rows that are kept for each key head, its queries, its key, its value, become all queries, all keys, all values.
  ungroup_heads,
  /// The first rows of a table of positions, `position_offset` of them, belong to no token: they are left out, and are
  /// zeros on the way out.
  drop_unused_positions,
  /// [channels, 1, width] becomes [channels, width]; MLX has the 1 last.
  kernel_of_channel,
  /// [n], logarithms, becomes -e^x as a column [n, 1].
  decay_rate,
  /// [n] becomes [n, 1].
  column,
  /// [n] becomes [groups, n / groups]; group count: ssm.group_count.
  split_state_groups,
};

/// "{}" stands for the layer number in both names. A second "{}" in Hugging Face's name counts experts or heads whose
/// weights are stacked: [out, in] each, [count, out, in] together.
struct WeightName {
  std::string_view canonical;     // "blk.{}.attn_q.weight"
  std::string_view hugging_face;  // "model.layers.{}.self_attn.q_proj.weight"
  Transform transform = Transform::none;
  /// On the way out, only used by models that have this weight too (canonical); rows of one weight are asked in turn.
  std::string_view needs_weight = {};
  /// The same for a setting (canonical).
  std::string_view needs_config = {};
  /// The prefix of a class of Hugging Face does not stand in front of it.
  bool outside_prefix = false;
};

/// How a setting is stored in GGUF, and what config.json has in its place.
enum class ConfigKind {
  u32,
  positions,  // u32; config.json also counts those that belong to no token (`position_offset`)
  f32,
  boolean,
  string,
  part_of_head,  // u32 in GGUF: how many of a head's dimensions; in config.json their share
  /// u32 in GGUF, of a head that all others share: 1; in config.json the number of heads.
  latent_head,
  /// u32 in GGUF: a head's dimensions; in config.json those before the rotated ones.
  unrotated_part,
  set_boolean,    // boolean; GGUF has the key where it is true
  expert_scores,  // u32 in GGUF: 1 softmax, 2 sigmoid; in config.json the word
  only_gguf,      // u32 in GGUF, whose readers ask for it; nothing in config.json
  state_head,     // nothing in GGUF: ssm.inner_size divided by ssm.time_step_rank
  no_limits,      // nothing in GGUF; in config.json a range that excludes nothing
  inverse_root,   // f32 in GGUF: 1 / sqrt(what config.json has), left out where that is the width of a head
};

/// What a setting is where config.json does not say: `factor` times another setting, or `factor` alone.
struct Fallback {
  std::optional<double> factor;  // none: the setting stays unknown
  std::string_view canonical = "";
};

/// Several names for one setting may follow each other; the first that a file has counts, the first is written.
struct ConfigName {
  std::string_view canonical;     // "attention.head_count"
  std::string_view hugging_face;  // "num_attention_heads"
  ConfigKind kind = ConfigKind::u32;
  Fallback fallback{};
};

/// A class of config.json's "architectures". Several may share one architecture; writing picks the last whose
/// `needs_config` (a canonical key, or empty) the model has.
struct HuggingFaceClass {
  std::string_view class_name;         // "LlamaForCausalLM"
  std::string_view model_type;         // "llama"
  std::string_view needs_config;       // ""
  std::string_view needs_weight = {};  // canonical, likewise
  /// In front of the names of weights; files may lack it or have that of another class.
  std::string_view prefix = {};
  /// The positions of tokens start behind `pad_token_id`, not at 0.
  bool positions_follow_padding = false;
};

/// Settings of config.json that canonical form does not have: a constant, or whether a weight exists. A file with
/// another constant is not of this architecture.
struct HuggingFaceConstant {
  std::string_view key;    // "hidden_act"
  std::string_view value;  // as JSON: "\"silu\""
};
struct HuggingFaceFlag {
  std::string_view key;          // "attention_bias"
  std::string_view true_weight;  // "blk.0.attn_q.bias"
  bool needed = true;            // a file that says true and has no such weight is not understood
};

/// Weights that files of Hugging Face have and that nothing is computed with: all whose names, without the prefix of
/// their class, begin like this. They are left out.
struct UnusedWeights {
  std::string_view prefix;         // "pooler."
  std::string_view unless_weight;  // Hugging Face's name of one that makes them useful; empty: none does
};

/// Kinds of layers that follow each other regularly: of so many the last one is special; 0: none is.
struct LayerPeriods {
  int64_t full_attention = 0;  // sees the whole history where config has a window
  int64_t unrotated = 0;
};

/// Weights of all experts in one tensor of Hugging Face's: one weight, or two whose rows take turns. "{}" is the layer;
/// the names of the weights are those in WeightName::hugging_face.
struct StackedExperts {
  std::string_view hugging_face;   // "model.layers.{}.mlp.experts.gate_up_proj"
  std::string_view first;          // "model.layers.{}.mlp.experts.gate_proj.weight"
  std::string_view second = {};    // "model.layers.{}.mlp.experts.up_proj.weight"; empty: there is one weight
  bool floats_transposed = false;  // [experts, in, out], where they are not quantized
};

/// The matrix of latent attention that makes keys and values of a short row, head by head; in `weights` it is two, keys
/// [heads, latent, key dimensions] and values [heads, value dimensions, latent]. "{}" is the layer.
struct LatentHeads {
  std::string_view hugging_face;  // "model.layers.{}.self_attn.kv_b_proj.weight"
  std::string_view keys;
  std::string_view values;
};

struct Architecture {
  std::string_view name;     // GGUF's general.architecture: "llama"
  std::string_view summary;  // one line for `adze list architectures`
  std::span<const HuggingFaceClass> hugging_face_classes;
  std::span<const HuggingFaceConstant> hugging_face_constants;
  std::span<const HuggingFaceFlag> hugging_face_flags;
  std::span<const WeightName> weights;
  std::span<const ConfigName> config;

  /// The computation over packed tokens. Throws Error(bad_input) that lists every missing, misshaped or unexpected
  /// weight at once.
  graph::Graph (*build)(const model::Model& model);

  std::span<const UnusedWeights> unused_weights = {};

  /// Keys of config.json that files of this architecture have and its class of Hugging Face does not compute with.
  std::span<const std::string_view> unread_settings = {};
  LayerPeriods layer_periods{};
  std::span<const StackedExperts> stacked_experts = {};
  std::span<const LatentHeads> latent_heads = {};
};

std::span<const Architecture* const> all_architectures();

/// By GGUF name; Error(unsupported) that lists what is known.
const Architecture& architecture_named(std::string_view name);

/// By GGUF name, or null.
const Architecture* find_architecture(std::string_view name);

/// By class name of a config.json, or null.
const Architecture* find_by_hugging_face_class(std::string_view class_name);

/// The class of that name, or null.
const HuggingFaceClass* find_hugging_face_class(const Architecture& architecture, std::string_view class_name);

}  // namespace adze::architectures
