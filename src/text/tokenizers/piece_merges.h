// SentencePiece's BPE merges by the score of what comes out, Hugging Face's by ranked pairs: one from the other.
#pragma once

#include <vector>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

/// Every way to make a token out of two others, best score first: the merges that tokenize like the scores.
MergeList merges_of_scores(const TokenList& tokens);

struct MergeScores {
  std::vector<float> by_token;  // minus the first rank that makes the token
  bool exact = false;           // the merges are all the ways to make these tokens, so the scores say the same
};
MergeScores scores_of_merges(const TokenList& tokens, const MergeList& merges);

}  // namespace adze::text
