#include "cli/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace adze::cli {
namespace {

constexpr size_t kFewestLetters = 3;  // that stand for a longer word that begins with them

// Insertions, deletions and substitutions that turn one word into the other (Levenshtein 1966).
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substituted = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string suggestion_for(std::string_view word, std::span<const std::string> known) {
  const std::string* best = nullptr;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const auto& candidate : known) {
    const bool is_cut_off = word.size() >= kFewestLetters && candidate.starts_with(word);
    const size_t distance = is_cut_off ? 1 : (word.size() <= 64 ? edit_distance(word, candidate) : best_distance);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = &candidate;
  }
  return best ? fmt::format("; did you mean '{}'?", *best) : "";
}

}  // namespace adze::cli
