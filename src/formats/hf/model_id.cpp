#include "formats/hf/model_id.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <regex>
#include <vector>

namespace adze::formats {
namespace {

// Names longer than this are not names; the expressions below recurse once per character.
constexpr size_t kMaxNameBytes = 256;

struct Part {
  std::string text;
  bool base_name = false;
  bool size_label = false;
  bool fine_tune = false;
  bool version = false;
  bool encoding = false;  // "Q4_K_M", "bf16"

  bool is_plain() const { return !base_name && !size_label && !fine_tune && !version && !encoding; }
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::regex insensitive(const char* pattern) { return std::regex(pattern, std::regex::icase); }

std::vector<Part> split_parts(std::string_view name) {
  std::vector<Part> parts;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('-', begin), name.size());
    if (end > begin) parts.push_back({.text = std::string(name.substr(begin, end - begin))});
    begin = end + 1;
  }
  return parts;
}

// "7b1" is 7.1B and "1_5b" is 1.5B.
std::string normalized_size(std::string text) {
  std::ranges::replace(text, '_', '.');
  if (text.size() >= 2 && is_digit(text.back())) {
    const char unit = text[text.size() - 2];
    text = text.substr(0, text.size() - 2) + "." + text.back() + unit;
  }
  if (text.size() > 1 && is_digit(text[text.size() - 2])) text.back() = upper(text.back());
  return text;
}

// The number of weights that "7B" stands for; empty for words and products ("8x7B").
std::optional<double> weights_of_size(const std::string& text) {
  const size_t power = std::string_view(" KMBT").find(text.back());
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (power == std::string_view::npos || end == text.c_str() || end != text.c_str() + text.size() - 1) {
    return std::nullopt;
  }
  return number * std::pow(1000.0, static_cast<double>(power));
}

void annotate_size(Part& part, int64_t parameters) {
  part.text = normalized_size(part.text);
  const auto weights = weights_of_size(part.text);
  const auto total = static_cast<double>(parameters);
  if (parameters > 0 && weights && std::abs(*weights - total) > std::floor(7 * total / 8)) {
    part.fine_tune = true;  // rather a context length, and those are written in lower case
    part.text.back() = lower(part.text.back());
  } else {
    part.size_label = true;
  }
}

void annotate(std::vector<Part>& parts, int64_t parameters) {
  static const auto version = insensitive(R"((v|iter)?\d+([.]\d+)*)");
  static const auto encoding = insensitive(R"(i?q\d(_\w)*|b?fp?(16|32))");
  static const auto size = insensitive(R"((([A]|\d+[x])?\d+([._]\d+)?[KMBT][\d]?|small|mini|medium|large|x?xl))");
  static const auto tune = insensitive("chat|instruct|vision|lora");
  for (size_t i = 0; i < parts.size(); ++i) {
    auto& part = parts[i];
    if (std::regex_match(part.text, version)) {
      part.version = true;
    } else if (std::regex_match(part.text, encoding)) {
      part.encoding = true;
      std::ranges::transform(part.text, part.text.begin(), upper);
    } else if (i > 0 && std::regex_match(part.text, size)) {
      annotate_size(part, parameters);
    } else if (i > 0 && std::regex_match(part.text, tune)) {
      part.fine_tune = true;
    }
  }
}

// "mini" is no size where a number says it better.
void prefer_numeric_sizes(std::vector<Part>& parts) {
  const bool any_number = std::ranges::any_of(
      parts, [](const Part& part) { return part.size_label && std::ranges::any_of(part.text, is_digit); });
  if (!any_number) return;
  for (auto& part : parts) {
    if (std::ranges::all_of(part.text, is_letter)) part.size_label = false;
  }
}

// The base name is what comes before the first annotated part; versions may be in it, but not at its end.
void find_base_name(std::vector<Part>& parts) {
  bool at_start = true;
  for (auto& part : parts) {
    if (at_start && ((part.is_plain() && is_letter(part.text[0])) || part.version)) {
      part.base_name = true;
      continue;
    }
    at_start = false;
    if (part.is_plain()) part.fine_tune = true;
  }
  for (auto part = parts.rbegin(); part != parts.rend() && part->base_name && part->version; ++part) {
    part->base_name = false;
  }
}

template <typename Belongs>
std::string joined(const std::vector<Part>& parts, const Belongs& belongs) {
  std::string text;
  for (const auto& part : parts) {
    if (belongs(part)) text += (text.empty() ? "" : "-") + part.text;
  }
  return text;
}

std::vector<Part> without_repeated_sizes(std::vector<Part> parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (parts[j].size_label && parts[j].text == parts[i].text) parts[i].size_label = false;
    }
  }
  return parts;
}

std::string title_case(std::string_view word) {
  std::string out;
  for (size_t i = 0; i < word.size(); ++i) out += i > 0 && is_letter(word[i - 1]) ? lower(word[i]) : upper(word[i]);
  return out;
}

bool keeps_its_case(std::string_view word) {
  static const std::regex version(R"(v\d+(\.\d+)*)");
  const bool has_capital = std::ranges::any_of(word, [](char c) { return c >= 'A' && c <= 'Z'; });
  return has_capital || is_digit(word[0]) || std::regex_match(word.begin(), word.end(), version);
}

}  // namespace

ModelId parse_model_id(std::string_view id, int64_t parameters) {
  ModelId result;
  result.full_name = id;
  if (id.empty() || id.size() > kMaxNameBytes || id.find(' ') != id.npos) return result;  // a sentence, not an id
  if (const size_t slash = id.find('/'); slash != id.npos) {
    if (slash > 0 && id[0] != '.') result.organization = id.substr(0, slash);
    result.full_name = id.substr(slash + 1);
  }
  auto parts = split_parts(result.full_name);
  annotate(parts, parameters);
  prefer_numeric_sizes(parts);
  find_base_name(parts);
  result.base_name = joined(parts, [](const Part& part) { return part.base_name; });
  result.fine_tune = joined(parts, [](const Part& part) { return part.fine_tune; });
  result.version = joined(parts, [](const Part& part) { return part.version && !part.base_name; });
  result.size_label = joined(without_repeated_sizes(parts), [](const Part& part) { return part.size_label; });
  if (result.size_label.empty() && result.fine_tune.empty() && result.version.empty()) result.base_name.clear();
  return result;
}

std::string title_of(std::string_view name) {
  std::string title;
  for (size_t begin = 0; begin < name.size();) {
    const size_t end = std::min(name.find_first_of("- ", begin), name.size());
    const auto word = name.substr(begin, end - begin);
    if (!word.empty())
      title += (title.empty() ? "" : " ") + (keeps_its_case(word) ? std::string(word) : title_case(word));
    begin = end + 1;
  }
  return title;
}

std::string size_label_of(int64_t parameters) {
  const auto total = static_cast<double>(parameters);
  const std::pair<double, char> scales[] = {{1e12, 'T'}, {1e9, 'B'}, {1e6, 'M'}, {1e3, 'K'}};
  for (const auto& [unit, suffix] : scales) {
    if (total <= unit && suffix != 'K') continue;
    const double scaled = total / unit;
    const auto digits = scaled < 0.5 ? 0 : fmt::format("{:.0f}", scaled).size();
    return fmt::format("{:.{}f}{}", scaled, digits < 2 ? 2 - digits : 0, suffix);
  }
  return {};
}

}  // namespace adze::formats
