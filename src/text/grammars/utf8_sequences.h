// Sets of characters as sequences of byte ranges.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "text/grammars/character_set.h"

namespace adze::text {

struct ByteRange {
  uint8_t first = 0;
  uint8_t last = 0;
};

/// UTF-8 of the same length: any byte of each range, independently of each other.
struct ByteSequence {
  std::array<ByteRange, 4> ranges;
  int length = 0;
};

/// Together exactly the UTF-8 of the set's members; no text belongs to two of them.
std::vector<ByteSequence> utf8_sequences(const CharacterSet& set);

}  // namespace adze::text
