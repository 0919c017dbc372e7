// Sets of Unicode characters, as character classes write them.
#pragma once

#include <vector>

namespace adze::text {

inline constexpr char32_t kLastCharacter = 0x10FFFF;

/// Both ends belong to it.
struct CharacterRange {
  char32_t first = 0;
  char32_t last = 0;
  bool operator==(const CharacterRange&) const = default;
};

/// Unicode scalar values: surrogates are never members.
class CharacterSet {
 public:
  CharacterSet() = default;
  CharacterSet(std::initializer_list<CharacterRange> ranges);
  static CharacterSet all() { return {{0, kLastCharacter}}; }

  void add(char32_t first, char32_t last);
  void add(char32_t character) { add(character, character); }
  void add(const CharacterSet& other);
  CharacterSet complement() const;
  CharacterSet without(const CharacterSet& other) const;
  CharacterSet intersected(const CharacterSet& other) const;

  bool is_empty() const { return ranges_.empty(); }
  bool contains(char32_t character) const;
  /// Sorted; neither overlapping nor touching, but for the gap of the surrogates.
  const std::vector<CharacterRange>& ranges() const { return ranges_; }
  bool operator==(const CharacterSet&) const = default;

 private:
  void add_scalars(char32_t first, char32_t last);

  std::vector<CharacterRange> ranges_;
};

}  // namespace adze::text
