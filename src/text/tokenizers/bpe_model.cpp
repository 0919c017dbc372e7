#include "text/tokenizers/bpe_model.h"

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "base/utf8.h"
#include "text/tokenizers/byte_alphabet.h"

namespace adze::text {
namespace {

constexpr size_t kTokensAtOnce = 256;
constexpr size_t kMergesAtOnce = 32;
constexpr size_t kMaxWordBytes = size_t{1} << 30;  // symbols count bytes in 32 bits

size_t text_bytes(const TokenizerSpec& spec) {
  size_t bytes = 0;
  for (const auto& token : spec.tokens) bytes += token.text.size();
  return bytes;
}

void check_length(std::string_view word) {
  if (word.size() > kMaxWordBytes) fail(ErrorCode::bad_input, "a word of {} bytes is too long to encode", word.size());
}

// Tokens that text may spell; control tokens and the like are only ever cut out as added tokens.
bool is_spellable(TokenType type) { return type == TokenType::normal || type == TokenType::user_defined; }

template <typename Accept>
TokenTable table_of(const TokenizerSpec& spec, Accept&& accept) {
  TokenTable table(spec.tokens.size(), text_bytes(spec));
  std::array<std::string_view, kTokensAtOnce> texts;
  std::array<int32_t, kTokensAtOnce> ids;
  size_t count = 0;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    if (accept(spec.tokens[id].type)) {
      texts[count] = spec.tokens[id].text;
      ids[count++] = static_cast<int32_t>(id);
    }
    if (count < kTokensAtOnce && id + 1 < spec.tokens.size()) continue;
    table.add_all(std::span(texts).first(count), std::span(ids).first(count));
    count = 0;
  }
  return table;
}

Symbol symbol_at(size_t begin, size_t bytes, int32_t id) {
  return {id, -1, -1, static_cast<uint32_t>(begin), static_cast<uint32_t>(bytes)};
}

// Most vocabularies have their tokens in the order of the merges that make them: looks there first.
class NextToken {
 public:
  NextToken(const TokenizerSpec& spec, const TokenTable& table) : tokens_(spec.tokens), useful_(!table.has_repeats()) {}

  /// Moves on to the next token if that is `text`.
  bool advance_to(std::string_view text) {
    const auto next = static_cast<size_t>(id_ + 1);
    if (!useful_ || id_ == kNoToken || next >= tokens_.size()) return false;
    if (tokens_[next].type == TokenType::unused || tokens_[next].text != text) return false;
    ++id_;
    return true;
  }
  int32_t id() const { return id_; }
  void set_id(int32_t id) {
    if (id != kNoToken) id_ = id;
  }

 private:
  const TokenList& tokens_;
  const bool useful_;  // of equal tokens the first counts
  int32_t id_ = kNoToken;
};

}  // namespace

BpeModel::BpeModel(const TokenizerSpec& spec)
    : spec_(spec),
      byte_level_(is_byte_level(spec)),
      tokens_(table_of(spec, [](TokenType type) { return type != TokenType::unused; })),
      merges_(spec.merges.size()),
      fallback_(spec) {
  for (size_t byte = 0; byte < byte_ids_.size(); ++byte) {
    std::string spelling;
    append_byte_alphabet(std::string(1, static_cast<char>(byte)), spelling);
    byte_ids_[byte] = tokens_.find(spelling);
  }
  add_merges(spec);
}

// `ids` has three for each merge from rank `first` on; returns how many lack one.
size_t BpeModel::add_found_merges(size_t first, std::span<const int32_t> ids) {
  size_t unusable = 0;
  for (size_t i = 0; 3 * i < ids.size(); ++i) merges_.prefetch(ids[3 * i], ids[3 * i + 1]);
  for (size_t i = 0; 3 * i < ids.size(); ++i) {
    const int32_t left = ids[3 * i];
    const int32_t right = ids[3 * i + 1];
    const int32_t merged = ids[3 * i + 2];
    if (left == kNoToken || right == kNoToken || merged == kNoToken) {
      ++unusable;
    } else {
      merges_.add(left, right, {static_cast<uint32_t>(first + i), merged});
    }
  }
  return unusable;
}

void BpeModel::add_merges(const TokenizerSpec& spec) {
  size_t unusable = 0;
  std::array<std::string_view, 3 * kMergesAtOnce> texts;  // left, right and what they become
  std::array<int32_t, 3 * kMergesAtOnce> ids;
  std::array<int32_t, kMergesAtOnce> merged;
  NextToken next(spec, tokens_);
  for (size_t first = 0; first < spec.merges.size(); first += kMergesAtOnce) {
    const size_t count = std::min(kMergesAtOnce, spec.merges.size() - first);
    for (size_t i = 0; i < count; ++i) {
      const Merge merge = spec.merges[first + i];
      const bool guessed = next.advance_to(merge.text);
      texts[3 * i] = merge.left();
      texts[3 * i + 1] = merge.right();
      texts[3 * i + 2] = guessed ? std::string_view() : merge.text;
      merged[i] = guessed ? next.id() : kNoToken;
    }
    tokens_.find_all(std::span(texts).first(3 * count), ids);
    for (size_t i = 0; i < count; ++i) {
      if (merged[i] != kNoToken) ids[3 * i + 2] = merged[i];
    }
    next.set_id(ids[3 * count - 1]);
    unusable += add_found_merges(first, std::span<const int32_t>(ids).first(3 * count));
  }
  if (unusable > 0) {
    log_message(LogLevel::warning, fmt::format("{}: {} of {} merges name tokens that the vocabulary lacks; ignored",
                                               spec.source, unusable, spec.merges.size()));
  }
}

int32_t BpeModel::find_word(std::string_view word) const {
  std::string spelling;
  if (byte_level_) append_byte_alphabet(word, spelling);
  const int32_t id = tokens_.find(byte_level_ ? std::string_view(spelling) : word);
  return id != kNoToken && is_spellable(spec_.tokens[static_cast<size_t>(id)].type) ? id : kNoToken;
}

// One symbol per byte or character. What no token spells becomes byte tokens or the unknown token here already,
// because merges may name those too; without either it is left out.
void BpeModel::start_symbols(std::string_view word, std::vector<Symbol>& symbols) const {
  symbols.clear();
  bool after_unknown = false;
  std::vector<int32_t> fallback_ids;
  for (size_t at = 0; at < word.size();) {
    const size_t bytes = byte_level_ ? 1 : decode_utf8(word.substr(at)).bytes;
    const int32_t id =
        byte_level_ ? byte_ids_[static_cast<unsigned char>(word[at])] : tokens_.find(word.substr(at, bytes));
    if (id != kNoToken) {
      symbols.push_back(symbol_at(at, bytes, id));
      after_unknown = false;
    } else {
      fallback_ids.clear();
      after_unknown = fallback_.append(word.substr(at, bytes), after_unknown, fallback_ids);
      for (size_t i = 0; i < fallback_ids.size(); ++i) symbols.push_back(symbol_at(at + i, 1, fallback_ids[i]));
    }
    at += bytes;
  }
}

void BpeModel::encode(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const {
  check_length(word);
  const int32_t whole = spec_.ignore_merges ? find_word(word) : kNoToken;
  if (whole != kNoToken) {
    ids.push_back(whole);
    return;
  }
  start_symbols(word, scratch.symbols);
  merge_symbols(scratch, [&](const Symbol& left, const Symbol& right) {
    const auto result = merges_.find(left.id, right.id);
    return MergeCandidate{static_cast<float>(result.rank), result.merged};
  });
  for (const Symbol& symbol : scratch.symbols) {
    if (symbol.length > 0) ids.push_back(symbol.id);
  }
}

namespace {

std::vector<std::pair<std::string_view, int32_t>> whole_tokens(const TokenizerSpec& spec) {
  std::vector<std::pair<std::string_view, int32_t>> tokens;
  if (!spec.user_defined_in_words) return tokens;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    const VocabularyToken& token = spec.tokens[id];
    if (token.type == TokenType::user_defined) tokens.emplace_back(token.text, static_cast<int32_t>(id));
  }
  return tokens;
}

}  // namespace

ScoredBpeModel::ScoredBpeModel(const TokenizerSpec& spec)
    : spec_(spec), tokens_(table_of(spec, is_spellable)), whole_(whole_tokens(spec)), fallback_(spec) {}

bool ScoredBpeModel::is_whole(const Symbol& symbol) const {
  return spec_.user_defined_in_words && symbol.id != kNoToken &&
         spec_.tokens[static_cast<size_t>(symbol.id)].type == TokenType::user_defined;
}

void ScoredBpeModel::start_symbols(std::string_view word, std::vector<Symbol>& symbols) const {
  symbols.clear();
  for (size_t at = 0; at < word.size();) {
    const auto whole = whole_.longest(word.substr(at));
    const size_t bytes = whole.bytes > 0 ? whole.bytes : decode_utf8(word.substr(at)).bytes;
    const int32_t id = whole.bytes > 0 ? whole.id : tokens_.find(word.substr(at, bytes));
    symbols.push_back(symbol_at(at, bytes, id));
    at += bytes;
  }
}

void ScoredBpeModel::encode(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const {
  check_length(word);
  start_symbols(word, scratch.symbols);
  merge_symbols(scratch, [&](const Symbol& left, const Symbol& right) {
    if (is_whole(left) || is_whole(right)) return MergeCandidate{};
    const int32_t merged = tokens_.find(word.substr(left.begin, left.length + right.length));
    if (merged == kNoToken) return MergeCandidate{};
    return MergeCandidate{static_cast<float>(-spec_.tokens[static_cast<size_t>(merged)].score), merged};
  });
  bool unknown = false;
  for (const Symbol& symbol : scratch.symbols) {
    if (symbol.length == 0) continue;
    if (symbol.id == kNoToken) {
      unknown = fallback_.append(word.substr(symbol.begin, symbol.length), unknown, ids);
    } else {
      ids.push_back(symbol.id);
      unknown = false;
    }
  }
}

}  // namespace adze::text
