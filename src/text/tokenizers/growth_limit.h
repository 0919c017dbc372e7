// How long a text may become while a tokenizer rewrites it, so that a hostile file cannot ask for endless memory.
#pragma once

#include <cstddef>

#include "base/error.h"

namespace adze::text {

/// Real normalizers make at most 18 bytes of one (NFKC of U+FDFA); prefixes add a few.
class GrowthLimit {
 public:
  explicit GrowthLimit(size_t input_bytes) : bytes_(kSpareBytes + input_bytes * kFactor) {}

  /// Throws Error(bad_input) when a text of `bytes` is longer than the input justifies.
  void check(size_t bytes) const {
    if (bytes > bytes_) fail(ErrorCode::bad_input, "the tokenizer makes more than {} bytes of its input", bytes_);
  }

 private:
  static constexpr size_t kFactor = 64;
  static constexpr size_t kSpareBytes = size_t{1} << 16;
  size_t bytes_;
};

}  // namespace adze::text
