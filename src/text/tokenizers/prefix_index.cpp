#include "text/tokenizers/prefix_index.h"

#include <algorithm>

namespace adze::text {

PrefixIndex::PrefixIndex(std::vector<std::pair<std::string_view, int32_t>> entries) : entries_(std::move(entries)) {
  std::erase_if(entries_, [](const auto& entry) { return entry.first.empty(); });
  const auto same_text = [](const auto& a, const auto& b) { return a.first == b.first; };
  std::sort(entries_.begin(), entries_.end());
  entries_.erase(std::unique(entries_.begin(), entries_.end(), same_text), entries_.end());
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    Span& span = starts_[static_cast<unsigned char>(entries_[i].first[0])];
    if (span.begin == span.end) span.begin = i;
    span.end = i + 1;
  }
}

PrefixIndex::Span PrefixIndex::narrow(Span span, size_t depth, char byte) const {
  const auto wanted = static_cast<unsigned char>(byte);
  const auto byte_of = [&](const auto& entry) { return static_cast<unsigned char>(entry.first[depth]); };
  const auto begin = entries_.begin() + span.begin;
  const auto end = entries_.begin() + span.end;
  const auto low = std::partition_point(begin, end, [&](const auto& entry) { return byte_of(entry) < wanted; });
  const auto high = std::partition_point(low, end, [&](const auto& entry) { return byte_of(entry) == wanted; });
  return {static_cast<uint32_t>(low - entries_.begin()), static_cast<uint32_t>(high - entries_.begin())};
}

}  // namespace adze::text
