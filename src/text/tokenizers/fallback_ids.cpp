#include "text/tokenizers/fallback_ids.h"

#include "text/tokenizers/byte_alphabet.h"

namespace adze::text {

FallbackIds::FallbackIds(const TokenizerSpec& spec) : unknown_(spec.special.unk), fuse_unknown_(spec.fuse_unknown) {
  byte_ids_.fill(kNoToken);
  if (!spec.byte_fallback) return;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    if (spec.tokens[id].type != TokenType::byte) continue;
    const auto byte = byte_of_token(spec.tokens[id].text);
    if (byte && byte_ids_[*byte] == kNoToken) byte_ids_[*byte] = static_cast<int32_t>(id);
  }
}

bool FallbackIds::append_bytes(std::string_view character, std::vector<int32_t>& ids) const {
  const size_t before = ids.size();
  for (const char byte : character) {
    const int32_t id = byte_ids_[static_cast<unsigned char>(byte)];
    if (id == kNoToken) {
      ids.resize(before);
      return false;
    }
    ids.push_back(id);
  }
  return true;
}

bool FallbackIds::append(std::string_view character, bool after_unknown, std::vector<int32_t>& ids) const {
  if (append_bytes(character, ids) || unknown_ == kNoToken) return false;
  if (!(fuse_unknown_ && after_unknown)) ids.push_back(unknown_);
  return true;
}

}  // namespace adze::text
