#include "text/grammars/token_trie.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace adze::text {
namespace {

constexpr size_t kMaxTokenBytes = 65535;

// 0 when the bytes are anything but whole plain characters.
size_t plain_characters(std::string_view bytes) {
  size_t count = 0;
  for (; !bytes.empty(); ++count) {
    const auto character = decode_utf8(bytes);
    if (!character.valid || !is_plain_character(character.code_point)) return 0;
    bytes.remove_prefix(character.bytes);
  }
  return count;
}

std::vector<std::string> bytes_of_tokens(const Tokenizer& tokenizer) {
  std::vector<std::string> bytes(tokenizer.vocabulary_size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto id = static_cast<int32_t>(i);
    if (!tokenizer.is_control(id) && !tokenizer.is_end_of_generation(id)) bytes[i] = tokenizer.token_bytes(id);
  }
  return bytes;
}

std::vector<int32_t> end_tokens(const Tokenizer& tokenizer) {
  std::vector<int32_t> ends;
  for (size_t i = 0; i < tokenizer.vocabulary_size(); ++i) {
    if (tokenizer.is_end_of_generation(static_cast<int32_t>(i))) ends.push_back(static_cast<int32_t>(i));
  }
  return ends;
}

size_t common_prefix(std::string_view a, std::string_view b) {
  return static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())), b.begin()).first -
      a.begin());
}

}  // namespace

bool is_plain_character(char32_t character) { return character >= 0x20 && character != '"' && character != '\\'; }

ByteTree ByteTree::of(std::vector<Token> tokens) {
  std::sort(tokens.begin(), tokens.end(),
            [](const Token& a, const Token& b) { return std::pair(a.bytes, a.id) < std::pair(b.bytes, b.id); });
  ByteTree tree;
  std::vector<size_t> path;  // the nodes that lead to the last token
  std::string_view last;
  for (const Token& token : tokens) {
    const size_t size = token.bytes.size();
    const size_t shared = std::min(common_prefix(last, token.bytes), size - 1);  // each token has a node of its own
    for (; path.size() > shared; path.pop_back())
      tree.nodes_[path.back()].end = static_cast<uint32_t>(tree.nodes_.size());
    for (size_t depth = shared; depth < size; ++depth) {
      path.push_back(tree.nodes_.size());
      tree.nodes_.push_back({0, kNoToken, static_cast<uint16_t>(depth), static_cast<uint8_t>(token.bytes[depth])});
    }
    tree.nodes_.back().token = token.id;
    tree.depth_ = std::max(tree.depth_, size);
    last = token.bytes;
  }
  for (const size_t node : path) tree.nodes_[node].end = static_cast<uint32_t>(tree.nodes_.size());
  return tree;
}

TokenTrie::TokenTrie(const Tokenizer& tokenizer) : TokenTrie(bytes_of_tokens(tokenizer), end_tokens(tokenizer)) {}

TokenTrie::TokenTrie(std::vector<std::string> bytes, std::vector<int32_t> ends)
    : bytes_(std::move(bytes)), ends_((bytes_.size() + 63) / 64) {
  std::vector<ByteTree::Token> all;
  std::vector<ByteTree::Token> others;
  std::vector<std::vector<ByteTree::Token>> plain(kMaxPlainCharacters + 1);
  for (size_t i = 0; i < bytes_.size(); ++i) {
    if (bytes_[i].empty() || bytes_[i].size() > kMaxTokenBytes) continue;
    const ByteTree::Token token{bytes_[i], static_cast<int32_t>(i)};
    const size_t characters = plain_characters(bytes_[i]);
    all.push_back(token);
    (characters == 0 || characters > kMaxPlainCharacters ? others : plain[characters]).push_back(token);
  }
  TokenBits bits(ends_.size());
  for (auto& tokens : plain) {
    for (const auto& token : tokens) set_bit(bits, token.id);
    plain_bits_.push_back(bits);
    plain_.push_back(ByteTree::of(std::move(tokens)));
  }
  all_ = ByteTree::of(std::move(all));
  others_ = ByteTree::of(std::move(others));
  for (const int32_t end : ends) set_bit(ends_, end);
}

}  // namespace adze::text
