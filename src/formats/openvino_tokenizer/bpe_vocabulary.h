// A BPE vocabulary as OpenVINO's BPETokenizer takes it.
//
// That layer cuts a word into the longest texts of the vocabulary which no merge makes, and merges those. So only
// single bytes or characters may be found in it, beside what merges make; and whatever is to stay whole is known by a
// text that begins with a mark (text_layers.h).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::formats {

struct BpeVocabulary {
  std::vector<std::string> texts;                            // by id; kNoText where no word comes to the token
  std::vector<std::string> left, right;                      // of merges, by rank
  std::vector<std::pair<std::string, int32_t>> whole_words;  // tokens that a word is, though merges do not make them
  std::string unknown_pattern;                               // characters that become the unknown token; empty: none
  std::vector<std::string> unknown_bytes;                    // bytes that do
};

/// REQUIRES: a spec of model bpe. Error(unsupported) where byte tokens merge, or where only some bytes have one that
/// the others would need.
BpeVocabulary bpe_vocabulary(const text::TokenizerSpec& spec);

}  // namespace adze::formats
