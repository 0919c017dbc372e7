#include "text/tokenizers/word_model.h"

#include <algorithm>

#include "base/error.h"
#include "text/tokenizers/bpe_model.h"
#include "text/tokenizers/unigram_model.h"
#include "text/tokenizers/wordpiece_model.h"

namespace adze::text {

std::unique_ptr<const WordModel> make_word_model(const TokenizerSpec& spec) {
  switch (spec.model) {
    case TokenModel::bpe:
      return std::make_unique<BpeModel>(spec);
    case TokenModel::scored_bpe:
      return std::make_unique<ScoredBpeModel>(spec);
    case TokenModel::unigram:
      return std::make_unique<UnigramModel>(spec);
    case TokenModel::wordpiece:
      return std::make_unique<WordPieceModel>(spec);
  }
  fail(ErrorCode::internal, "unknown token model {}", static_cast<int>(spec.model));
}

bool is_byte_level(const TokenizerSpec& spec) {
  return std::any_of(spec.pre_tokenizer.begin(), spec.pre_tokenizer.end(),
                     [](const PreTokenizerStep& step) { return step.kind == PreTokenizerStep::Kind::byte_alphabet; });
}

}  // namespace adze::text
