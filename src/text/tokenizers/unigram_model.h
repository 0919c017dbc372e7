// Unigram language model (SentencePiece): the segmentation of a word with the highest sum of scores.
#pragma once

#include "text/tokenizers/fallback_ids.h"
#include "text/tokenizers/prefix_index.h"
#include "text/tokenizers/word_model.h"

namespace adze::text {

class UnigramModel : public WordModel {
 public:
  explicit UnigramModel(const TokenizerSpec& spec);
  void encode(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const override;

 private:
  // The best way to reach a byte position: from `begin` with token `id` (kNoToken: an unknown character).
  struct Step {
    double score = 0;
    size_t begin = 0;
    int32_t id = kNoToken;
    bool reached = false;
  };
  std::vector<Step> best_steps(std::string_view word) const;
  double score_of(int32_t id, size_t bytes) const;
  double sum(double a, double b) const;

  const TokenizerSpec& spec_;
  PrefixIndex tokens_;
  FallbackIds fallback_;
  double unknown_score_;
  double best_score_;  // of the normal tokens
};

}  // namespace adze::text
