// A byte-level BPE vocabulary of any size, for models that nobody trained.
#pragma once

#include <cstdint>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::pipeline {

inline constexpr int64_t kSmallestMadeUpVocabulary = 300;

/// The 256 bytes, pairs of letters with the merges that make them, made-up words, and last the two tokens that begin
/// and end a text. Any text can be encoded. REQUIRES: size >= kSmallestMadeUpVocabulary.
text::TokenizerSpec made_up_vocabulary(int64_t size);

}  // namespace adze::pipeline
