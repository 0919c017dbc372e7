#include "report/display_width.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <vector>

#include "base/utf8.h"

namespace adze::report {
namespace {

constexpr char32_t kEmojiPresentation = 0xFE0F;

struct Cluster {
  std::string_view text;  // what a reader takes for one character
  size_t columns;
};

bool is_regional_indicator(char32_t c) { return c >= 0x1F1E6 && c <= 0x1F1FF; }

size_t columns_of(char32_t c) {
  if (c == kEmojiPresentation || is_regional_indicator(c)) return 2;
  return static_cast<size_t>(std::max(0, utf8proc_charwidth(static_cast<utf8proc_int32_t>(c))));
}

// A cluster is as wide as its widest character: marks and joiners add nothing.
std::vector<Cluster> clusters_of(std::string_view text) {
  std::vector<Cluster> clusters;
  utf8proc_int32_t state = 0;
  char32_t previous = 0;
  for (size_t at = 0; at < text.size();) {
    const auto character = decode_utf8(text.substr(at));
    const bool starts = clusters.empty() ||
                        utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(previous),
                                                         static_cast<utf8proc_int32_t>(character.code_point), &state);
    if (starts) clusters.push_back({text.substr(at, 0), 0});
    Cluster& cluster = clusters.back();
    cluster.text = std::string_view(cluster.text.data(), cluster.text.size() + character.bytes);
    cluster.columns = std::max(cluster.columns, columns_of(character.code_point));
    previous = character.code_point;
    at += character.bytes;
  }
  return clusters;
}

bool is_unsafe(char32_t c) {
  const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
  const bool direction =
      c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  return control || direction;
}

std::string escape_of(char32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  const auto number = static_cast<uint32_t>(c);
  return c < 0x100 ? fmt::format("\\x{:02x}", number) : fmt::format("\\u{:04x}", number);
}

}  // namespace

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (const Cluster& cluster : clusters_of(text)) width += cluster.columns;
  return width;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto character = decode_utf8(text);
    if (is_unsafe(character.code_point)) {
      out += escape_of(character.code_point);
    } else {
      append_utf8(out, character.code_point);
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

std::string shortened(std::string_view text, size_t columns) {
  const auto clusters = clusters_of(text);
  if (display_width(text) <= columns) return std::string(text);
  const size_t room = columns - 1;  // for the ellipsis
  std::string start;
  size_t used = 0;
  for (const Cluster& cluster : clusters) {
    if (used + cluster.columns > (room + 1) / 2) break;
    used += cluster.columns;
    start += cluster.text;
  }
  size_t end = clusters.size();
  for (; end > 0 && used + clusters[end - 1].columns <= room; --end) used += clusters[end - 1].columns;
  for (start += "…"; end < clusters.size(); ++end) start += clusters[end].text;
  return start;
}

}  // namespace adze::report
