// Strings sorted so that all of them that begin at some place in a text are found in one walk.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace adze::text {

class PrefixIndex {
 public:
  /// The views must outlive the index. Empty strings are left out; of equal ones that with the smallest id stays.
  explicit PrefixIndex(std::vector<std::pair<std::string_view, int32_t>> entries);

  bool may_start_with(char byte) const {
    return starts_[static_cast<unsigned char>(byte)].begin != starts_[static_cast<unsigned char>(byte)].end;
  }

  struct Match {
    size_t bytes = 0;  // 0: none
    int32_t id = -1;
  };

  /// The longest entry that `text` begins with.
  Match longest(std::string_view text) const {
    Match best;
    for_each_prefix(text, [&](size_t bytes, int32_t id) { best = {bytes, id}; });
    return best;
  }

  /// Calls visit(bytes, id) for every entry that `text` begins with, shortest first.
  template <typename Visit>
  void for_each_prefix(std::string_view text, Visit&& visit) const {
    if (text.empty()) return;
    Span span = starts_[static_cast<unsigned char>(text[0])];
    for (size_t depth = 1; span.begin != span.end; ++depth) {
      if (entries_[span.begin].first.size() == depth) {
        visit(depth, entries_[span.begin].second);
        ++span.begin;
      }
      if (depth == text.size()) return;
      span = narrow(span, depth, text[depth]);
    }
  }

 private:
  struct Span {
    uint32_t begin = 0;
    uint32_t end = 0;
  };
  // The entries of `span` (all longer than `depth` and equal up to there) whose byte at `depth` is `byte`.
  Span narrow(Span span, size_t depth, char byte) const;

  std::vector<std::pair<std::string_view, int32_t>> entries_;
  std::array<Span, 256> starts_{};
};

}  // namespace adze::text
