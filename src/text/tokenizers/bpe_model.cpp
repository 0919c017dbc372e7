#include "text/tokenizers/bpe_model.h"

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "base/utf8.h"
#include "text/tokenizers/byte_alphabet.h"

namespace adze::text {
namespace {

constexpr size_t kMaxWordBytes = size_t{1} << 30;  // symbols count bytes in 32 bits

size_t text_bytes(const TokenizerSpec& spec) {
  size_t bytes = 0;
  for (const auto& token : spec.tokens) bytes += token.text.size();
  return bytes;
}

void check_length(std::string_view word) {
  if (word.size() > kMaxWordBytes) fail(ErrorCode::bad_input, "a word of {} bytes is too long to encode", word.size());
}

// Emits the ids of what is left after merging; symbols without one fall back.
void append_ids(std::string_view word, const std::vector<Symbol>& symbols, const FallbackIds& fallback,
                std::vector<int32_t>& ids) {
  bool unknown = false;
  for (const Symbol& symbol : symbols) {
    if (symbol.length == 0) continue;
    if (symbol.id != kNoToken) {
      ids.push_back(symbol.id);
      unknown = false;
    } else {
      unknown = fallback.append(word.substr(symbol.begin, symbol.length), unknown, ids);
    }
  }
}

// Tokens that text may spell; control tokens and the like are only ever cut out as added tokens.
bool is_spellable(TokenType type) { return type == TokenType::normal || type == TokenType::user_defined; }

// All tokens that text may spell, by their spelling.
TokenTable spelled_tokens(const TokenizerSpec& spec) {
  TokenTable table(spec.tokens.size(), text_bytes(spec));
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    if (is_spellable(spec.tokens[id].type)) table.add(spec.tokens[id].text, static_cast<int32_t>(id));
  }
  return table;
}

// One symbol per UTF-8 character.
void start_with_characters(std::string_view word, const TokenTable& tokens, std::vector<Symbol>& symbols) {
  symbols.clear();
  for (size_t at = 0; at < word.size();) {
    const size_t bytes = decode_utf8(word.substr(at)).bytes;
    const int32_t id = tokens.find(word.substr(at, bytes));
    symbols.push_back({id, -1, -1, static_cast<uint32_t>(at), static_cast<uint32_t>(bytes)});
    at += bytes;
  }
}

}  // namespace

BpeModel::BpeModel(const TokenizerSpec& spec)
    : byte_level_(is_byte_level(spec)),
      ignore_merges_(spec.ignore_merges),
      tokens_(spelled_tokens(spec)),
      merges_(spec.merges.size()),
      fallback_(spec) {
  for (size_t byte = 0; byte < byte_ids_.size(); ++byte) {
    std::string spelling;
    append_byte_alphabet(std::string(1, static_cast<char>(byte)), spelling);
    byte_ids_[byte] = tokens_.find(spelling);
  }
  add_merges(spec);
}

void BpeModel::add_merges(const TokenizerSpec& spec) {
  size_t unusable = 0;
  for (size_t rank = 0; rank < spec.merges.size(); ++rank) {
    const std::string_view text = spec.merges[rank].text;
    const size_t left_bytes = std::min<size_t>(spec.merges[rank].left_bytes, text.size());
    const int32_t left = tokens_.find(text.substr(0, left_bytes));
    const int32_t right = tokens_.find(text.substr(left_bytes));
    const int32_t merged = tokens_.find(text);
    if (left == kNoToken || right == kNoToken || merged == kNoToken) {
      ++unusable;
    } else {
      merges_.add(left, right, {static_cast<uint32_t>(rank), merged});
    }
  }
  if (unusable > 0) {
    log_message(LogLevel::warning, fmt::format("{}: {} of {} merges name tokens that the vocabulary lacks; ignored",
                                               spec.source, unusable, spec.merges.size()));
  }
}

int32_t BpeModel::find_word(std::string_view word) const {
  if (!byte_level_) return tokens_.find(word);
  std::string spelling;
  append_byte_alphabet(word, spelling);
  return tokens_.find(spelling);
}

void BpeModel::start_symbols(std::string_view word, std::vector<Symbol>& symbols) const {
  if (!byte_level_) return start_with_characters(word, tokens_, symbols);
  symbols.resize(word.size());
  for (size_t at = 0; at < word.size(); ++at) {
    symbols[at] = {byte_ids_[static_cast<unsigned char>(word[at])], -1, -1, static_cast<uint32_t>(at), 1};
  }
}

void BpeModel::encode(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const {
  check_length(word);
  const int32_t whole = ignore_merges_ ? find_word(word) : kNoToken;
  if (whole != kNoToken) {
    ids.push_back(whole);
    return;
  }
  start_symbols(word, scratch.symbols);
  merge_symbols(scratch, [&](const Symbol& left, const Symbol& right) {
    if (left.id == kNoToken || right.id == kNoToken) return MergeCandidate{};
    const auto result = merges_.find(left.id, right.id);
    return MergeCandidate{static_cast<float>(result.rank), result.merged};
  });
  append_ids(word, scratch.symbols, fallback_, ids);
}

ScoredBpeModel::ScoredBpeModel(const TokenizerSpec& spec)
    : spec_(spec), tokens_(spelled_tokens(spec)), fallback_(spec) {}

void ScoredBpeModel::encode(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const {
  check_length(word);
  start_with_characters(word, tokens_, scratch.symbols);
  merge_symbols(scratch, [&](const Symbol& left, const Symbol& right) {
    const int32_t merged = tokens_.find(word.substr(left.begin, left.length + right.length));
    if (merged == kNoToken) return MergeCandidate{};
    return MergeCandidate{-spec_.tokens[static_cast<size_t>(merged)].score, merged};
  });
  append_ids(word, scratch.symbols, fallback_, ids);
}

}  // namespace adze::text
