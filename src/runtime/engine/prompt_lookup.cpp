#include "runtime/engine/prompt_lookup.h"

#include <algorithm>

namespace adze::runtime {
namespace {

// How many of the last tokens, `most` at most, stand in front of `end` too.
int64_t matching_before(std::span<const int32_t> tokens, size_t end, int64_t most) {
  const auto limit = std::min<int64_t>(most, static_cast<int64_t>(end));
  int64_t count = 0;
  while (count < limit &&
         tokens[end - 1 - static_cast<size_t>(count)] == tokens[tokens.size() - 1 - static_cast<size_t>(count)]) {
    ++count;
  }
  return count;
}

}  // namespace

std::span<const int32_t> look_up_draft(std::span<const int32_t> tokens, int64_t least, int64_t most, int64_t count) {
  if (tokens.empty() || count <= 0) return {};
  int64_t best = least - 1;
  size_t place = 0;
  for (size_t end = tokens.size() - 1; end > 0 && best < most; --end) {
    const int64_t matching = matching_before(tokens, end, most);
    if (matching <= best) continue;
    best = matching;
    place = end;
  }
  if (place == 0) return {};
  return tokens.subspan(place, std::min(static_cast<size_t>(count), tokens.size() - place));
}

}  // namespace adze::runtime
