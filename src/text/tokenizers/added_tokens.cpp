#include "text/tokenizers/added_tokens.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/tokenizers/unicode_forms.h"
#include "text/tokenizers/word_boundaries.h"

namespace adze::text {
namespace {

// Texts that are not UTF-8 could cut characters in half, so they are never searched.
std::vector<AddedToken> tokens_to_find(const std::vector<AddedToken>& tokens, bool normalized) {
  std::vector<AddedToken> out;
  for (const auto& token : tokens) {
    if (token.normalized == normalized && is_valid_utf8(token.text)) out.push_back(token);
  }
  return out;
}

std::vector<std::string> search_texts(const std::vector<AddedToken>& tokens, const Normalizer& normalizer) {
  std::vector<std::string> texts;
  for (const auto& token : tokens) texts.push_back(token.normalized ? normalizer.run(token.text) : token.text);
  return texts;
}

std::vector<std::pair<std::string_view, int32_t>> numbered(const std::vector<std::string>& texts) {
  std::vector<std::pair<std::string_view, int32_t>> entries;
  for (size_t i = 0; i < texts.size(); ++i) entries.emplace_back(texts[i], static_cast<int32_t>(i));
  return entries;
}

char32_t last_character(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return decode_utf8(text.substr(at)).code_point;
}

bool touches_word(std::string_view before, std::string_view after) {
  return (!before.empty() && is_word_character(last_character(before))) ||
         (!after.empty() && is_word_character(decode_utf8(after).code_point));
}

size_t leading_space_bytes(std::string_view text) {
  size_t bytes = 0;
  while (bytes < text.size()) {
    const auto character = decode_utf8(text.substr(bytes));
    if (!is_white_space(character.code_point)) break;
    bytes += character.bytes;
  }
  return bytes;
}

size_t trailing_space_bytes(std::string_view text) {
  size_t end = text.size();
  while (end > 0 && is_white_space(last_character(text.substr(0, end)))) {
    do --end;
    while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  }
  return text.size() - end;
}

}  // namespace

std::vector<AddedToken> all_added_tokens(const TokenizerSpec& spec) {
  auto tokens = spec.added_tokens;
  if (!spec.user_defined_in_words) return tokens;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    const VocabularyToken& token = spec.tokens[id];
    if (token.type != TokenType::user_defined || token.text.empty()) continue;
    tokens.push_back({.id = static_cast<int32_t>(id),
                      .text = replace_all(token.text, kSpaceMark, " ", GrowthLimit(token.text.size()))});
  }
  std::ranges::sort(tokens, {}, &AddedToken::id);
  return tokens;
}

AddedTokenFinder::AddedTokenFinder(const std::vector<AddedToken>& tokens, bool normalized, const Normalizer& normalizer)
    : tokens_(tokens_to_find(tokens, normalized)),
      texts_(search_texts(tokens_, normalizer)),
      index_(numbered(texts_)) {}

bool AddedTokenFinder::find(std::string_view text, size_t from, Found& found) const {
  for (size_t at = from; at < text.size(); ++at) {
    if (!index_.may_start_with(text[at])) continue;
    const auto match = index_.longest(text.substr(at));
    if (match.bytes == 0) continue;
    found = {at, at + match.bytes, &tokens_[static_cast<size_t>(match.id)]};
    return true;
  }
  return false;
}

std::vector<TextPiece> AddedTokenFinder::cut(std::string_view text, bool parse_special) const {
  std::vector<TextPiece> pieces;
  size_t done = 0;  // everything before is in pieces
  Found found;
  for (size_t from = 0; find(text, from, found); from = std::max(found.end, done)) {
    const AddedToken& token = *found.token;
    if (token.special && !parse_special) continue;
    if (token.single_word && touches_word(text.substr(0, found.begin), text.substr(found.end))) continue;
    size_t begin = found.begin;
    size_t end = found.end;
    if (token.lstrip) begin -= trailing_space_bytes(text.substr(done, begin - done));
    if (token.rstrip) end += leading_space_bytes(text.substr(end));
    if (begin > done) pieces.push_back({text.substr(done, begin - done), kNoToken});
    pieces.push_back({text.substr(begin, end - begin), token.id});
    done = std::max(done, end);
  }
  if (done < text.size()) pieces.push_back({text.substr(done), kNoToken});
  return pieces;
}

}  // namespace adze::text
