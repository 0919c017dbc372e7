// Policies: which tensor gets which storage type.
//
// A mix is a named list of rules over tensor categories. The mixes here are llama.cpp's (llama_cpp_mixes.cpp is their
// data), followed exactly, so that a file named Q4_K_M has the types that everybody expects of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/codec.h"
#include "model/model.h"
#include "tensor/shape.h"

namespace adze::quantize {

/// What a tensor does, as far as mixes care.
enum class TensorCategory {
  token_embedding,
  output,
  attention_q,
  attention_k,
  attention_v,  // also fused projections that contain the values
  attention_output,
  ffn_up,
  ffn_gate,
  ffn_down,
  other,
};

/// The category of a canonical tensor name.
TensorCategory category_of(std::string_view name);

/// Empty if a mix may change how this tensor is stored, else why not ("one dimension", "a norm").
std::string_view reason_to_keep(std::string_view name, const Shape& shape, std::string_view architecture);

struct TensorToStore {
  std::string name;  // canonical
  Shape shape;
  StorageType storage = nullptr;  // as it is now
};

struct MixRequest {
  std::vector<TensorToStore> tensors;  // of the whole model, in any order
  std::string architecture;            // GGUF's name: some rules of llama.cpp depend on it
  int64_t layer_count = 0;             // all blocks, those for predicting further tokens included
  int64_t prediction_layer_count = 0;  // only the latter
  int64_t expert_count = 0;
  int64_t head_count = 0;     // of the first layer
  int64_t head_count_kv = 0;  // of the first layer
  bool has_importance = false;
};

/// Reads the request off a model: tensors, and the settings block_count, expert_count, attention.head_count …
MixRequest mix_request(const model::Model& model);

struct TensorChoice {
  StorageType storage;
  std::string reason;              // for reports: "Q4_K_M: attention_v, a layer that matters more"
  StorageType too_wide = nullptr;  // the wanted type, where rows do not divide into its blocks and another was taken
};

/// Which of a category's layers a rule is for; layer i of n.
enum class Layers {
  all,
  first_two,
  first_four,
  first_sixteenth,  // i < n / 16
  first_eighth,     // i < n / 8
  more_bits,        // the first and last eighth and every third one between
  inner,            // all but the first and last eighth
};

enum class Models {
  all,
  multi_query,  // the architecture that llama.cpp treats apart for its single key and value head
  not_multi_query,
  eight_experts,       // with 8 experts, but not multi_query
  grouped_heads,       // four or more queries share a key and value head
  four_experts,        // with 4 or more
  with_importance,     // importance of columns is known
  without_importance,  // or not
};

/// The first rule whose three conditions hold gives the type.
struct MixRule {
  TensorCategory category;
  Layers layers;
  Models models;
  const codecs::Codec* codec;
};

/// What differs from the other mixes in the smallest ones.
struct MixCustoms {
  const codecs::Codec* output = &codecs::q6_k;    // of the matrix that produces the logits
  bool small_shared_tensors = false;              // attention_k and attention_v get no more bits for being shared
  bool layers_by_count = false;                   // of experts too: layers are counted, not read off the name
  const codecs::Codec* not_of_experts = nullptr;  // where only stacked experts have the base type: that of the others
};

struct Mix {
  std::string_view name;     // "Q4_K_M"
  std::string_view summary;  // one line for `adze list mixes`
  StorageType base;          // for every tensor that no rule changes
  uint32_t file_type;        // general.file_type in GGUF
  std::span<const MixRule> rules;
  MixCustoms customs = {};
};

/// Every mix, smallest first.
std::span<const Mix> all_mixes();

/// Shorter names: Q4_K stands for Q4_K_M.
struct MixAlias {
  std::string_view name;
  std::string_view stands_for;
};
std::span<const MixAlias> mix_aliases();

/// By name or shorter name in upper or lower case; throws Error(unsupported) that lists the
/// known names.
const Mix& mix_named(std::string_view name);

/// What the user wants otherwise than the mix says, as options of llama-quantize.
struct TypeOverrides {
  struct Pattern {
    std::string regex;  // ECMAScript, found anywhere in the name
    const codecs::Codec* codec;
  };
  std::vector<Pattern> patterns = {};              // the first that is found decides; kept tensors stay kept
  const codecs::Codec* token_embedding = nullptr;  // null: the mix decides
  const codecs::Codec* output = nullptr;           // also for a token embedding that produces the logits
  bool pure = false;                               // the base type for everything
  bool keep_output = false;                        // output.weight stays as it is stored
};

/// One choice per tensor of the request, in its order. Throws Error(bad_input) where a model of experts has a
/// feed-forward tensor whose name has no layer, and for a pattern that is no regular expression.
std::vector<TensorChoice> choose_tensor_types(const Mix& mix, const MixRequest& request,
                                              const TypeOverrides& overrides = {});

/// Whether this type is of little use without the importance of columns.
bool needs_importance(StorageType storage);
/// The same for a tensor as a mix stores it. Embedding and output are never asked.
bool needs_importance(const Mix& mix, std::string_view tensor, StorageType storage);

}  // namespace adze::quantize
