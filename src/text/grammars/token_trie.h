// A vocabulary's tokens as trees of their bytes, prepared once for all grammars.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizers/tokenizer.h"

namespace adze::text {

/// One bit per token.
using TokenBits = std::vector<uint64_t>;

inline void set_bit(TokenBits& bits, int32_t token) {
  bits[static_cast<size_t>(token) / 64] |= uint64_t{1} << (static_cast<size_t>(token) % 64);
}
inline bool has_bit(const TokenBits& bits, int32_t token) {
  const auto index = static_cast<size_t>(token);
  return index / 64 < bits.size() && (bits[index / 64] >> (index % 64) & 1) != 0;
}

/// Nodes in the order of a walk that visits children first. Tokens with the same bytes are leaves beside each other.
class ByteTree {
 public:
  struct Node {
    uint32_t end = 0;  // of what lies below this node
    int32_t token = kNoToken;
    uint16_t depth = 0;  // bytes before this one's
    uint8_t byte = 0;
  };
  struct Token {
    std::string_view bytes;
    int32_t id;
  };

  /// The bytes must not be empty, nor longer than 65535.
  static ByteTree of(std::vector<Token> tokens);

  const std::vector<Node>& nodes() const { return nodes_; }
  size_t depth() const { return depth_; }

 private:
  std::vector<Node> nodes_;
  size_t depth_ = 0;  // of the longest token
};

/// Characters that may stand in a JSON string as they are. Most of a vocabulary consists of nothing else, which is why
/// these tokens are sorted by how many such characters they have.
bool is_plain_character(char32_t character);

class TokenTrie {
 public:
  static constexpr size_t kMaxPlainCharacters = 32;

  /// `bytes` by token; empty for tokens that no grammar may use. `ends` end a text.
  TokenTrie(std::vector<std::string> bytes, std::vector<int32_t> ends);
  explicit TokenTrie(const Tokenizer& tokenizer);
  TokenTrie(const TokenTrie&) = delete;
  TokenTrie& operator=(const TokenTrie&) = delete;

  size_t size() const { return bytes_.size(); }
  std::string_view bytes(int32_t token) const { return bytes_[static_cast<size_t>(token)]; }
  bool is_end(int32_t token) const { return has_bit(ends_, token); }
  const TokenBits& ends() const { return ends_; }

  const ByteTree& all() const { return all_; }
  /// Of 1 to `characters` plain characters. REQUIRES: at most kMaxPlainCharacters.
  const TokenBits& plain_up_to(size_t characters) const { return plain_bits_[characters]; }
  const ByteTree& plain(size_t characters) const { return plain_[characters]; }
  /// All that are not among the plain ones, or longer.
  const ByteTree& others() const { return others_; }

 private:
  std::vector<std::string> bytes_;
  TokenBits ends_;
  ByteTree all_;
  ByteTree others_;
  std::vector<ByteTree> plain_;        // by characters; the first is empty
  std::vector<TokenBits> plain_bits_;  // by characters
};

}  // namespace adze::text
