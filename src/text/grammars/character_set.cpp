#include "text/grammars/character_set.h"

#include <algorithm>

namespace adze::text {
namespace {

constexpr CharacterRange kSurrogates{0xD800, 0xDFFF};

}  // namespace

CharacterSet::CharacterSet(std::initializer_list<CharacterRange> ranges) {
  for (const CharacterRange& range : ranges) add(range.first, range.last);
}

void CharacterSet::add(char32_t first, char32_t last) {
  last = std::min(last, kLastCharacter);
  if (first < kSurrogates.first) add_scalars(first, std::min<char32_t>(last, kSurrogates.first - 1));
  if (last > kSurrogates.last) add_scalars(std::max<char32_t>(first, kSurrogates.last + 1), last);
}

void CharacterSet::add_scalars(char32_t first, char32_t last) {
  if (first > last) return;
  const auto begin = std::find_if(ranges_.begin(), ranges_.end(), [&](const auto& r) { return r.last + 1 >= first; });
  auto end = begin;
  for (; end != ranges_.end() && end->first <= last + 1; ++end) {
    first = std::min(first, end->first);
    last = std::max(last, end->last);
  }
  ranges_.insert(ranges_.erase(begin, end), {first, last});
}

void CharacterSet::add(const CharacterSet& other) {
  for (const CharacterRange& range : other.ranges_) add(range.first, range.last);
}

CharacterSet CharacterSet::complement() const {
  CharacterSet result;
  char32_t next = 0;
  for (const CharacterRange& range : ranges_) {
    if (range.first > next) result.add(next, range.first - 1);
    next = range.last + 1;
  }
  if (next <= kLastCharacter) result.add(next, kLastCharacter);
  return result;
}

CharacterSet CharacterSet::without(const CharacterSet& other) const { return intersected(other.complement()); }

CharacterSet CharacterSet::intersected(const CharacterSet& other) const {
  CharacterSet result;
  auto a = ranges_.begin();
  auto b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    const char32_t first = std::max(a->first, b->first);
    const char32_t last = std::min(a->last, b->last);
    if (first <= last) result.add(first, last);
    (a->last < b->last ? a : b)++;
  }
  return result;
}

bool CharacterSet::contains(char32_t character) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [&](const auto& range) { return range.first <= character && character <= range.last; });
}

}  // namespace adze::text
