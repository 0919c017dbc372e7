#include "text/tokenizers/word_boundaries.h"

#include <algorithm>

namespace adze::text {
namespace {

// The first space mark that follows something else, or npos.
size_t inner_space_mark(std::string_view text) {
  size_t at = 0;
  while (text.substr(at).starts_with(kSpaceMark)) at += kSpaceMark.size();
  return text.find(kSpaceMark, at);
}

}  // namespace

WordBoundaries::WordBoundaries(const TokenizerSpec& spec) {
  const auto& tokens = spec.tokens;
  const bool merges = spec.model == TokenModel::bpe || spec.model == TokenModel::scored_bpe;
  // Without a token for the mark itself, unknown characters on both sides could be fused.
  const bool has_mark =
      std::any_of(tokens.begin(), tokens.end(), [](const VocabularyToken& token) { return token.text == kSpaceMark; });
  splits_ = merges && has_mark && std::none_of(tokens.begin(), tokens.end(), [](const VocabularyToken& token) {
              return inner_space_mark(token.text) != std::string_view::npos;
            });
}

size_t WordBoundaries::next_boundary(std::string_view word) { return std::min(inner_space_mark(word), word.size()); }

}  // namespace adze::text
