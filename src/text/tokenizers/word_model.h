// The last stage of encoding: one word -> token ids. Each TokenModel is one implementation.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "text/tokenizers/merge_symbols.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

class WordModel {
 public:
  virtual ~WordModel() = default;
  /// Appends the ids of `word` (UTF-8, or raw bytes in a byte-level vocabulary).
  virtual void encode(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const = 0;
};

/// Builds the tables that spec.model needs. Views in it may point into `spec`, which must outlive it.
std::unique_ptr<const WordModel> make_word_model(const TokenizerSpec& spec);

/// True when the vocabulary is spelled in GPT-2's byte alphabet.
bool is_byte_level(const TokenizerSpec& spec);

}  // namespace adze::text
