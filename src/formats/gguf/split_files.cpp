#include "formats/gguf/split_files.h"

#include <fmt/format.h>

#include <string_view>

namespace adze::formats {
namespace {

constexpr size_t kDigits = 5;
constexpr std::string_view kSuffix = ".gguf";
constexpr std::string_view kOf = "-of-";

// Five decimal digits at `position`, or nothing.
std::optional<int> digits_at(std::string_view text, size_t position) {
  int value = 0;
  for (const char c : text.substr(position, kDigits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::string SplitName::path_of(int other_part) const {
  return fmt::format("{}-{:05}{}{:05}{}", prefix, other_part, kOf, parts, kSuffix);
}

std::optional<SplitName> parse_split_name(const std::string& path) {
  constexpr size_t kTail = 1 + kDigits + kOf.size() + kDigits + kSuffix.size();
  if (path.size() <= kTail || !path.ends_with(kSuffix)) return std::nullopt;
  const std::string_view tail = std::string_view(path).substr(path.size() - kTail);
  const auto part = digits_at(tail, 1);
  const auto parts = digits_at(tail, 1 + kDigits + kOf.size());
  if (tail[0] != '-' || tail.substr(1 + kDigits, kOf.size()) != kOf || !part || !parts) return std::nullopt;
  if (*part < 1 || *part > *parts) return std::nullopt;
  return SplitName{path.substr(0, path.size() - kTail), *part, *parts};
}

SplitName split_name_for(const std::string& path, int parts) {
  if (const auto split = parse_split_name(path)) return {split->prefix, 1, parts};
  const bool has_suffix = path.ends_with(kSuffix);
  return {has_suffix ? path.substr(0, path.size() - kSuffix.size()) : path, 1, parts};
}

}  // namespace adze::formats
