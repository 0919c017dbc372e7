// Hugging Face's tokenizer.json and tokenizer_config.json <-> TokenizerSpec.
#pragma once

#include <string>
#include <string_view>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

/// Reads a tokenizer as PyPI `tokenizers` 0.2x writes it. `tokenizer_config_json` may be empty; it names bos, eos and
/// the like. `source` names the file in messages.
/// Throws Error(bad_input) for malformed files, Error(unsupported) for a component that Adze does not run.
TokenizerSpec read_tokenizer_json(std::string_view tokenizer_json, std::string_view tokenizer_config_json,
                                  const std::string& source);

/// What a tokenizer_config.json says beside a tokenizer of another kind of file: added tokens that the vocabulary
/// lacks, special tokens, and what stands around a text. Throws Error(bad_input) for a malformed file.
void apply_tokenizer_config(std::string_view tokenizer_config_json, TokenizerSpec& spec);

/// The text of tokenizer.json: the original where the spec came from one, else rendered from the steps.
std::string to_tokenizer_json(const TokenizerSpec& spec);

/// The text of tokenizer_config.json, likewise (special tokens and flags; no chat template).
std::string to_tokenizer_config_json(const TokenizerSpec& spec);

}  // namespace adze::text
