// Byte-pair encoding by ranked merges.
#pragma once

#include <array>
#include <span>

#include "text/tokenizers/fallback_ids.h"
#include "text/tokenizers/merge_symbols.h"
#include "text/tokenizers/prefix_index.h"
#include "text/tokenizers/token_table.h"
#include "text/tokenizers/word_model.h"

namespace adze::text {

class BpeModel : public WordModel {
 public:
  explicit BpeModel(const TokenizerSpec& spec);
  void encode(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const override;

 private:
  void add_merges(const TokenizerSpec& spec);
  size_t add_found_merges(size_t first, std::span<const int32_t> ids);
  int32_t find_word(std::string_view word) const;
  void start_symbols(std::string_view word, std::vector<Symbol>& symbols) const;

  const TokenizerSpec& spec_;
  bool byte_level_;
  TokenTable tokens_;                    // by spelling; also those that only merges can reach
  std::array<int32_t, 256> byte_ids_{};  // byte-level: the token of each byte
  MergeTable merges_;
  FallbackIds fallback_;
};

/// SentencePiece's BPE: neighbours merge when their concatenation is a token, the best score first.
class ScoredBpeModel : public WordModel {
 public:
  explicit ScoredBpeModel(const TokenizerSpec& spec);
  void encode(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const override;

 private:
  void start_symbols(std::string_view word, std::vector<Symbol>& symbols) const;
  bool is_whole(const Symbol& symbol) const;

  const TokenizerSpec& spec_;
  TokenTable tokens_;
  PrefixIndex whole_;  // tokens that are found before anything merges, and stay as they are
  FallbackIds fallback_;
};

}  // namespace adze::text
