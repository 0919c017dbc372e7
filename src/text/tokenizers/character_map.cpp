#include "text/tokenizers/character_map.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/utf8.h"

namespace adze::text {
namespace {

// Real keys are a few characters; a hostile trie may go in circles.
constexpr size_t kMaxKeyBytes = 256;

// A Darts-clone unit: offset and label of a node, or, with the top bit, the value of a key that ends there.
size_t unit_offset(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }
bool ends_key(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t unit_label(uint32_t unit) { return unit & (1u << 31 | 0xFF); }
uint32_t unit_value(uint32_t unit) { return unit & ~(1u << 31); }

}  // namespace

CharacterMap::CharacterMap(std::string_view bytes) {
  uint32_t trie_bytes = 0;
  if (bytes.size() < sizeof trie_bytes) fail(ErrorCode::bad_input, "a character map has {} bytes", bytes.size());
  std::memcpy(&trie_bytes, bytes.data(), sizeof trie_bytes);
  bytes.remove_prefix(sizeof trie_bytes);
  if (trie_bytes > bytes.size() || trie_bytes % 4 != 0 || trie_bytes == 0) {
    fail(ErrorCode::bad_input, "a character map gives its trie {} of {} bytes", trie_bytes, bytes.size());
  }
  units_.resize(trie_bytes / 4);
  std::memcpy(units_.data(), bytes.data(), trie_bytes);
  replacements_ = bytes.substr(trie_bytes);
}

CharacterMap::Found CharacterMap::longest(std::string_view text) const {
  Found best;
  size_t node = unit_offset(unit(0));
  for (size_t i = 0; i < std::min(text.size(), kMaxKeyBytes); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0) break;  // zero ends keys in the trie
    node ^= byte;
    const uint32_t here = unit(node);
    if (unit_label(here) != byte) break;
    node ^= unit_offset(here);
    if (ends_key(here)) best = {i + 1, unit_value(unit(node))};
  }
  return best;
}

std::string CharacterMap::apply(std::string_view text, const GrowthLimit& limit) const {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Found found = longest(text);
    if (found.bytes > 0 && found.replacement < replacements_.size()) {
      out += replacements_.c_str() + found.replacement;  // up to its zero
      limit.check(out.size());
      text.remove_prefix(found.bytes);
    } else {
      const size_t bytes = decode_utf8(text).bytes;
      out.append(text.substr(0, bytes));
      text.remove_prefix(bytes);
    }
  }
  return is_valid_utf8(out) ? out : replace_invalid_utf8(out);  // a hostile map may cut characters
}

}  // namespace adze::text
