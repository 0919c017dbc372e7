// The "tokenizer.ggml.*" keys of a GGUF file <-> a vocabulary.
#pragma once

#include <string>

#include "model/key_values.h"
#include "text/tokenizers/gguf_vocabulary.h"

namespace adze::formats {

/// Error(bad_input) naming the key for one of the wrong type. Keys that no tokenizer knows are left out, and so are the
/// long lists of tokens and merges: exchange_lists() brings them without a copy.
text::GgufVocabulary vocabulary_from_keys(const model::KeyValues& keys, const std::string& source);

/// Swaps tokens and merges between the keys that are there and a vocabulary: once to read it, once more to have them
/// back. Error(bad_input) for values of other types.
void exchange_lists(model::KeyValues& keys, text::GgufVocabulary& vocabulary);

/// In the order in which GGUF files have them.
model::KeyValues keys_of_vocabulary(const text::GgufVocabulary& vocabulary);

}  // namespace adze::formats
