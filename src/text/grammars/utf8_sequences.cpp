#include "text/grammars/utf8_sequences.h"

#include <algorithm>

namespace adze::text {
namespace {

struct Length {
  int bytes;
  char32_t first;
  char32_t last;
  uint8_t lead;  // the bits that mark the first byte
};

constexpr std::array<Length, 4> kLengths{{
    {1, 0, 0x7F, 0x00},
    {2, 0x80, 0x7FF, 0xC0},
    {3, 0x800, 0xFFFF, 0xE0},
    {4, 0x10000, 0x10FFFF, 0xF0},
}};

uint8_t byte_at(char32_t character, const Length& length, int place) {
  const int shift = 6 * (length.bytes - 1 - place);
  if (place == 0) return static_cast<uint8_t>(length.lead | (character >> shift));
  return static_cast<uint8_t>(0x80 | ((character >> shift) & 0x3F));
}

// Cuts the range where its last `bits` bits are not all that there can be, from the lowest bits up, until the bytes of
// what is left vary independently.
void add_range(std::vector<ByteSequence>& out, CharacterRange range, const Length& length) {
  for (int place = length.bytes - 1; place > 0; --place) {
    const char32_t mask = (char32_t{1} << (6 * (length.bytes - place))) - 1;
    if ((range.first & ~mask) == (range.last & ~mask)) continue;
    if ((range.first & mask) != 0) {
      add_range(out, {range.first, range.first | mask}, length);
      add_range(out, {(range.first | mask) + 1, range.last}, length);
      return;
    }
    if ((range.last & mask) != mask) {
      add_range(out, {range.first, (range.last & ~mask) - 1}, length);
      add_range(out, {range.last & ~mask, range.last}, length);
      return;
    }
  }
  ByteSequence sequence;
  sequence.length = length.bytes;
  for (int place = 0; place < length.bytes; ++place) {
    sequence.ranges[static_cast<size_t>(place)] = {byte_at(range.first, length, place),
                                                   byte_at(range.last, length, place)};
  }
  out.push_back(sequence);
}

}  // namespace

std::vector<ByteSequence> utf8_sequences(const CharacterSet& set) {
  std::vector<ByteSequence> out;
  for (const CharacterRange& range : set.ranges()) {
    for (const Length& length : kLengths) {
      const CharacterRange part{std::max(range.first, length.first), std::min(range.last, length.last)};
      if (part.first <= part.last) add_range(out, part, length);
    }
  }
  return out;
}

}  // namespace adze::text
