#include "text/tokenizers/wordpiece_model.h"

#include <algorithm>

namespace adze::text {
namespace {

using Entries = std::vector<std::pair<std::string_view, int32_t>>;

Entries tokens_of(const TokenizerSpec& spec, bool continuations) {
  Entries entries;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    if (spec.tokens[id].type != TokenType::normal) continue;
    std::string_view text = spec.tokens[id].text;
    if (continuations && !text.starts_with(spec.continuation_prefix)) continue;
    if (continuations) text.remove_prefix(spec.continuation_prefix.size());
    entries.emplace_back(text, static_cast<int32_t>(id));
  }
  return entries;
}

size_t character_count(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

WordPieceModel::WordPieceModel(const TokenizerSpec& spec)
    : max_word_characters_(spec.max_word_characters),
      unknown_(spec.special.unk),
      starts_(tokens_of(spec, false)),
      continuations_(tokens_of(spec, true)) {}

void WordPieceModel::encode(std::string_view word, Scratch&, std::vector<int32_t>& ids) const {
  const size_t before = ids.size();
  bool known = character_count(word) <= max_word_characters_;
  for (size_t at = 0; known && at < word.size();) {
    const auto match = (at == 0 ? starts_ : continuations_).longest(word.substr(at));
    known = match.bytes > 0;
    ids.push_back(match.id);
    at += match.bytes;
  }
  if (known) return;
  ids.resize(before);
  if (unknown_ != kNoToken) ids.push_back(unknown_);
}

}  // namespace adze::text
