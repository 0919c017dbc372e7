#include "formats/openvino_tokenizer/bpe_vocabulary.h"

#include <algorithm>
#include <array>
#include <deque>

#include "base/error.h"
#include "base/utf8.h"
#include "formats/openvino_tokenizer/text_layers.h"
#include "formats/openvino_tokenizer/token_patterns.h"
#include "text/tokenizers/bpe_model.h"
#include "text/tokenizers/byte_alphabet.h"
#include "text/tokenizers/token_table.h"

namespace adze::formats {
namespace {

using text::kNoToken;
using text::TokenType;

size_t index_of(int32_t id) { return static_cast<size_t>(id); }

// Bytes that UTF-8 has.
bool is_in_utf8(size_t byte) { return byte < 0xC0 || (byte > 0xC1 && byte < 0xF5); }

bool is_one_character(std::string_view text) {
  return !text.empty() && decode_utf8(text).valid && decode_utf8(text).bytes == text.size();
}

text::TokenTable table_of(const text::TokenList& tokens) {
  size_t bytes = 0;
  for (const auto& token : tokens) bytes += token.text.size();
  text::TokenTable table(tokens.size(), bytes);
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (tokens[id].type != TokenType::unused) table.add(tokens[id].text, static_cast<int32_t>(id));
  }
  return table;
}

std::string alphabet_of(size_t byte) {
  std::string text;
  text::append_byte_alphabet(std::string(1, static_cast<char>(byte)), text);
  return text;
}

// Pre-tokenizers behind the byte alphabet see its characters, and so does the model.
bool spells_bytes(const text::TokenizerSpec& spec) {
  const auto& steps = spec.pre_tokenizer;
  const auto is_alphabet = [](const auto& step) { return step.kind == text::PreTokenizerStep::Kind::byte_alphabet; };
  const auto found = std::ranges::find_if(steps, is_alphabet);
  return found != steps.end() && found + 1 != steps.end();
}

struct MergeIds {
  int32_t left, right, merged;
};

class Maker {
 public:
  explicit Maker(const text::TokenizerSpec& spec)
      : spec_(spec),
        byte_level_(text::is_byte_level(spec)),
        spelled_(spells_bytes(spec)),
        table_(table_of(spec.tokens)) {
    made_.texts.assign(spec.tokens.size(), std::string(kNoText));
    reached_.assign(spec.tokens.size(), false);
  }

  BpeVocabulary make() {
    reach_characters();
    find_merges();
    reach_merged();
    put_merges();
    for (size_t id = 0; id < reached_.size(); ++id) {
      if (reached_[id]) made_.texts[id] = spelling(id);
    }
    put_fallback();
    if (spec_.ignore_merges) find_whole_words();
    return std::move(made_);
  }

 private:
  // As words have it: bytes, or characters.
  std::string spelling(size_t id) const {
    const std::string& text = spec_.tokens[id].text;
    return byte_level_ && !spelled_ ? text::bytes_of_alphabet(text).value_or(std::string(kNoText)) : text;
  }

  void reach(int32_t id) {
    if (id == kNoToken || reached_[index_of(id)]) return;
    reached_[index_of(id)] = true;
    queue_.push_back(id);
  }

  int32_t token_of_byte(size_t byte) const { return table_.find(alphabet_of(byte)); }

  void reach_characters() {
    for (size_t byte = 0; byte_level_ && byte < 256; ++byte) reach(token_of_byte(byte));
    if (byte_level_) return;
    for (const auto& token : spec_.tokens) {
      if (token.type != TokenType::unused && is_one_character(token.text)) reach(table_.find(token.text));
    }
  }

  void find_merges() {
    for (size_t rank = 0; rank < spec_.merges.size(); ++rank) {
      const text::Merge merge = spec_.merges[rank];
      merges_.push_back({table_.find(merge.left()), table_.find(merge.right()), table_.find(merge.text)});
    }
  }

  static bool is_complete(const MergeIds& merge) {
    return merge.left != kNoToken && merge.right != kNoToken && merge.merged != kNoToken;
  }

  // Tokens that can come of merges whose sides can.
  void reach_merged() {
    std::vector<std::pair<int32_t, uint32_t>> waiting;  // a side, and its merge
    std::vector<uint8_t> sides_missing(merges_.size(), 2);
    for (size_t rank = 0; rank < merges_.size(); ++rank) {
      if (!is_complete(merges_[rank])) continue;
      for (const int32_t side : {merges_[rank].left, merges_[rank].right}) {
        waiting.emplace_back(side, static_cast<uint32_t>(rank));
        refuse_byte_token(side);
      }
    }
    std::ranges::sort(waiting);
    for (; !queue_.empty(); queue_.pop_front()) {
      const int32_t id = queue_.front();
      for (const auto& [side, rank] :
           std::ranges::equal_range(waiting, id, {}, &decltype(waiting)::value_type::first)) {
        if (--sides_missing[rank] == 0) reach(merges_[rank].merged);
      }
    }
  }

  void refuse_byte_token(int32_t side) const {
    const auto& token = spec_.tokens[index_of(side)];
    if (token.type != TokenType::byte) return;
    fail(ErrorCode::unsupported, "the byte token \"{}\" is part of a merge", token.text);
  }

  // Of a pair that is there twice the first counts.
  void put_merges() {
    text::MergeTable seen(merges_.size());
    for (size_t rank = 0; rank < merges_.size(); ++rank) {
      const auto& [left, right, merged] = merges_[rank];
      if (!is_complete(merges_[rank]) || !reached_[index_of(left)] || !reached_[index_of(right)]) continue;
      if (seen.find(left, right).merged != kNoToken) continue;
      seen.add(left, right, {static_cast<uint32_t>(rank), merged});
      made_.left.push_back(spelling(index_of(left)));
      made_.right.push_back(spelling(index_of(right)));
    }
  }

  bool is_known(const std::string& character) const {
    const int32_t id = table_.find(character);
    return id != kNoToken && reached_[index_of(id)];
  }

  // A byte token is found under its byte, where no character is.
  size_t put_byte_tokens() {
    std::array<bool, 256> has{};
    size_t tokens = 0;
    for (size_t id = 0; spec_.byte_fallback && id < spec_.tokens.size(); ++id) {
      if (spec_.tokens[id].type != TokenType::byte) continue;
      const auto byte = text::byte_of_token(spec_.tokens[id].text);
      if (!byte || has[*byte]) continue;
      has[*byte] = true;
      ++tokens;
      const std::string text(1, static_cast<char>(*byte));
      if (*byte >= 0x80 || !is_known(text)) made_.texts[id] = text;
    }
    for (size_t byte = 0; tokens > 0 && byte < 256; ++byte) {
      const bool is_character = byte < 0x80 && is_known(std::string(1, static_cast<char>(byte)));
      if (has[byte] || is_character || !is_in_utf8(byte)) continue;
      fail(ErrorCode::unsupported, "there are tokens for some bytes, and none for the byte {}", byte);
    }
    return tokens;
  }

  void put_fallback() {
    if (byte_level_) return put_unknown_bytes();
    if (put_byte_tokens() > 0 || spec_.special.unk == kNoToken) return;
    std::vector<char32_t> characters;
    for (size_t id = 0; id < reached_.size(); ++id) {
      const std::string& text = spec_.tokens[id].text;
      if (reached_[id] && is_one_character(text)) characters.push_back(decode_utf8(text).code_point);
    }
    made_.unknown_pattern = character_pattern(std::move(characters), true) + (spec_.fuse_unknown ? "+" : "");
  }

  // Neighbours become one where they are characters, so not where they are parts of them.
  void put_unknown_bytes() {
    std::vector<char32_t> characters;
    for (size_t byte = 0; byte < 256; ++byte) {
      if (!is_in_utf8(byte) || token_of_byte(byte) != kNoToken) continue;
      const std::string text = spelled_ ? alphabet_of(byte) : std::string(1, static_cast<char>(byte));
      if (spec_.byte_fallback || (spec_.fuse_unknown && !is_one_character(text))) {
        fail(ErrorCode::unsupported, "the byte {} is not in the vocabulary's alphabet", byte);
      }
      characters.push_back(decode_utf8(text).code_point);
      made_.unknown_bytes.push_back(text);
    }
    if (spec_.special.unk == kNoToken) made_.unknown_bytes.clear();
    if (!spec_.fuse_unknown || made_.unknown_bytes.empty()) return;
    made_.unknown_pattern = character_pattern(std::move(characters), false) + "+";
  }

  void find_whole_words() {
    text::TokenizerSpec merging = spec_;
    merging.ignore_merges = false;
    const text::BpeModel model(merging);
    text::Scratch scratch;
    std::vector<int32_t> ids;
    for (size_t id = 0; id < spec_.tokens.size(); ++id) {
      const auto& [text, score, type] = spec_.tokens[id];
      if (type != TokenType::normal && type != TokenType::user_defined) continue;
      if (table_.find(text) != static_cast<int32_t>(id)) continue;
      const std::string word = spelling(id);
      if (!is_valid_utf8(word)) continue;
      ids.clear();
      model.encode(spelled_ ? text::bytes_of_alphabet(word).value_or(word) : word, scratch, ids);
      if (ids != std::vector{static_cast<int32_t>(id)}) made_.whole_words.emplace_back(word, static_cast<int32_t>(id));
    }
  }

  const text::TokenizerSpec& spec_;
  const bool byte_level_;
  const bool spelled_;
  const text::TokenTable table_;
  BpeVocabulary made_;
  std::vector<MergeIds> merges_;
  std::vector<bool> reached_;
  std::deque<int32_t> queue_;
};

}  // namespace

BpeVocabulary bpe_vocabulary(const text::TokenizerSpec& spec) { return Maker(spec).make(); }

}  // namespace adze::formats
