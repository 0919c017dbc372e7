// What becomes of characters that no token spells: byte tokens, or the unknown token, or nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

class FallbackIds {
 public:
  explicit FallbackIds(const TokenizerSpec& spec);

  /// Appends what stands for `character`: byte tokens if all its bytes have one. True if that is the unknown token;
  /// `after_unknown` says that the character before it in the word was unknown too.
  bool append(std::string_view character, bool after_unknown, std::vector<int32_t>& ids) const;

 private:
  bool append_bytes(std::string_view character, std::vector<int32_t>& ids) const;

  std::array<int32_t, 256> byte_ids_;
  int32_t unknown_;
  bool fuse_unknown_;
};

}  // namespace adze::text
