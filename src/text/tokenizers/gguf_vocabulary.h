// The `tokenizer.ggml.*` keys of a GGUF file as a plain struct, and the ways between it and TokenizerSpec.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

/// One member per key; an absent key is an empty vector, string or optional.
struct GgufVocabulary {
  std::string source;  // file name for messages; not a key

  std::string model;                 // tokenizer.ggml.model: gpt2, llama, t5, bert
  std::string pre;                   // tokenizer.ggml.pre
  std::vector<std::string> tokens;   // tokenizer.ggml.tokens
  std::vector<float> scores;         // tokenizer.ggml.scores: empty, or one per token
  std::vector<int32_t> token_types;  // tokenizer.ggml.token_type: empty, or one per token
  std::vector<std::string> merges;   // tokenizer.ggml.merges: "left right"
  std::string precompiled_charsmap;  // tokenizer.ggml.precompiled_charsmap: bytes

  std::optional<uint32_t> bos_id, eos_id, eot_id, eom_id, unk_id, sep_id, pad_id, mask_id, cls_id;
  std::optional<uint32_t> fim_pre_id, fim_suf_id, fim_mid_id, fim_pad_id, fim_rep_id, fim_sep_id;
  std::optional<bool> add_bos, add_eos, add_sep, add_space_prefix, remove_extra_whitespaces;
  std::optional<bool> lowercase, strip_accents;
};

/// A key and where it is kept; formats/gguf walks these two tables to read and write.
struct GgufTokenIdKey {
  const char* key;
  std::optional<uint32_t> GgufVocabulary::* value;
  int32_t SpecialTokenIds::* special;
};
inline constexpr std::array<GgufTokenIdKey, 15> kGgufTokenIdKeys{{
    {"tokenizer.ggml.bos_token_id", &GgufVocabulary::bos_id, &SpecialTokenIds::bos},
    {"tokenizer.ggml.eos_token_id", &GgufVocabulary::eos_id, &SpecialTokenIds::eos},
    {"tokenizer.ggml.eot_token_id", &GgufVocabulary::eot_id, &SpecialTokenIds::eot},
    {"tokenizer.ggml.eom_token_id", &GgufVocabulary::eom_id, &SpecialTokenIds::eom},
    {"tokenizer.ggml.unknown_token_id", &GgufVocabulary::unk_id, &SpecialTokenIds::unk},
    {"tokenizer.ggml.seperator_token_id", &GgufVocabulary::sep_id, &SpecialTokenIds::sep},  // sic
    {"tokenizer.ggml.padding_token_id", &GgufVocabulary::pad_id, &SpecialTokenIds::pad},
    {"tokenizer.ggml.mask_token_id", &GgufVocabulary::mask_id, &SpecialTokenIds::mask},
    {"tokenizer.ggml.cls_token_id", &GgufVocabulary::cls_id, &SpecialTokenIds::cls},
    {"tokenizer.ggml.fim_pre_token_id", &GgufVocabulary::fim_pre_id, &SpecialTokenIds::fim_pre},
    {"tokenizer.ggml.fim_suf_token_id", &GgufVocabulary::fim_suf_id, &SpecialTokenIds::fim_suf},
    {"tokenizer.ggml.fim_mid_token_id", &GgufVocabulary::fim_mid_id, &SpecialTokenIds::fim_mid},
    {"tokenizer.ggml.fim_pad_token_id", &GgufVocabulary::fim_pad_id, &SpecialTokenIds::fim_pad},
    {"tokenizer.ggml.fim_rep_token_id", &GgufVocabulary::fim_rep_id, &SpecialTokenIds::fim_rep},
    {"tokenizer.ggml.fim_sep_token_id", &GgufVocabulary::fim_sep_id, &SpecialTokenIds::fim_sep},
}};

struct GgufFlagKey {
  const char* key;
  std::optional<bool> GgufVocabulary::* value;
};
inline constexpr std::array<GgufFlagKey, 7> kGgufFlagKeys{{
    {"tokenizer.ggml.add_bos_token", &GgufVocabulary::add_bos},
    {"tokenizer.ggml.add_eos_token", &GgufVocabulary::add_eos},
    {"tokenizer.ggml.add_sep_token", &GgufVocabulary::add_sep},
    {"tokenizer.ggml.add_space_prefix", &GgufVocabulary::add_space_prefix},
    {"tokenizer.ggml.remove_extra_whitespaces", &GgufVocabulary::remove_extra_whitespaces},
    {"tokenizer.ggml.normalizer.lowercase", &GgufVocabulary::lowercase},
    {"tokenizer.ggml.normalizer.strip_accents", &GgufVocabulary::strip_accents},
}};

/// Throws Error(bad_input) for a vocabulary that contradicts itself (ids beyond the tokens, arrays of different
/// lengths) and Error(unsupported) for a model or pre-tokenizer that is not known.
TokenizerSpec from_gguf_vocabulary(const GgufVocabulary& vocabulary);

/// What llama.cpp expects to find. `vocabulary_size` is the model's (rows of the embedding): missing tokens are
/// padded with unused "[PADn]". A pre-tokenizer that llama.cpp has no id for is written as "default" with a warning.
/// Throws Error(unsupported) for a spec that GGUF cannot express.
GgufVocabulary to_gguf_vocabulary(const TokenizerSpec& spec, size_t vocabulary_size = 0);

}  // namespace adze::text
