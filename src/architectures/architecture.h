// A model architecture: how its config and weights are called in each world, and the Graph they stand for.
// One file per architecture; all_architectures.cpp is the table. Conditions come from config values and from which
// weights exist, never from model names.
#pragma once

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
};

/// "{}" stands for the layer number in both names.
struct WeightName {
  std::string_view canonical;     // "blk.{}.attn_q.weight"
  std::string_view hugging_face;  // "model.layers.{}.self_attn.q_proj.weight"
  Transform transform = Transform::none;
};

/// How a setting is stored in GGUF.
enum class ConfigKind { u32, f32, boolean, string };

struct ConfigName {
  std::string_view canonical;     // "attention.head_count"
  std::string_view hugging_face;  // "num_attention_heads"
  ConfigKind kind = ConfigKind::u32;
};

/// A class of config.json's "architectures". Several may share one architecture; writing picks the last whose
/// `needs_config` (a canonical key, or empty) the model has.
struct HuggingFaceClass {
  std::string_view class_name;    // "LlamaForCausalLM"
  std::string_view model_type;    // "llama"
  std::string_view needs_config;  // ""
};

/// Settings of config.json that canonical form does not have: a constant, or whether a weight exists.
struct HuggingFaceConstant {
  std::string_view key;    // "hidden_act"
  std::string_view value;  // "silu"
};
struct HuggingFaceFlag {
  std::string_view key;          // "attention_bias"
  std::string_view true_weight;  // "blk.0.attn_q.bias"
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
};

std::span<const Architecture* const> all_architectures();

/// By GGUF name; Error(unsupported) that lists what is known.
const Architecture& architecture_named(std::string_view name);

/// By class name of a config.json, or null.
const Architecture* find_by_hugging_face_class(std::string_view class_name);

}  // namespace adze::architectures
