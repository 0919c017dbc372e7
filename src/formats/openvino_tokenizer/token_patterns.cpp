#include "formats/openvino_tokenizer/token_patterns.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/error.h"
#include "base/utf8.h"
#include "text/tokenizers/oniguruma_pattern.h"

namespace adze::formats {
namespace {

constexpr const char* kNothing = "(?!)";
// PCRE2 takes parentheses 250 deep.
constexpr int kMaxNesting = 200;

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Of sorted texts that are the same up to byte `at`, what may follow there.
std::string rest_pattern(std::span<const std::string> texts, size_t at, int nesting) {
  if (nesting > kMaxNesting) {
    fail(ErrorCode::unsupported, "more than {} tokens begin with one another", kMaxNesting);
  }
  std::string out;
  while (true) {
    const bool may_end = texts.front().size() == at;
    if (may_end) texts = texts.subspan(1);
    if (texts.empty()) return out;
    std::vector<std::string> branches;
    const auto next_character = [&](const std::string& text) {
      return text.substr(at, decode_utf8(std::string_view(text).substr(at)).bytes);
    };
    const std::string first = next_character(texts.front());
    if (!may_end && next_character(texts.back()) == first) {
      out += literal_pattern(first);
      at += first.size();
      continue;
    }
    while (!texts.empty()) {
      const std::string character = next_character(texts.front());
      const auto other =
          std::ranges::find_if(texts, [&](const auto& text) { return next_character(text) != character; });
      const auto same = texts.first(static_cast<size_t>(other - texts.begin()));
      branches.push_back(literal_pattern(character) + rest_pattern(same, at + character.size(), nesting + 1));
      texts = texts.subspan(same.size());
    }
    return out + fmt::format("(?:{}){}", fmt::join(branches, "|"), may_end ? "?" : "");
  }
}

// How a kind of tokens is found: what stands around its texts.
struct TokenKind {
  bool single_word, lstrip, rstrip;
  bool operator==(const TokenKind&) const = default;
};
constexpr std::array kKinds = {TokenKind{false, false, false}, TokenKind{false, false, true},
                               TokenKind{false, true, false},  TokenKind{false, true, true},
                               TokenKind{true, false, false},  TokenKind{true, false, true},
                               TokenKind{true, true, false},   TokenKind{true, true, true}};

TokenKind kind_of(const SearchedToken& token) { return {token.single_word, token.lstrip, token.rstrip}; }

// The first alternative of a pattern wins, the longest token should.
void refuse_common_beginnings(std::vector<SearchedToken> tokens) {
  std::ranges::sort(tokens, {}, &SearchedToken::text);
  for (size_t i = 1; i < tokens.size(); ++i) {
    const auto &one = tokens[i - 1], &other = tokens[i];
    if (other.text.starts_with(one.text) && kind_of(one) != kind_of(other)) {
      fail(ErrorCode::unsupported, "the added tokens \"{}\" and \"{}\" begin alike and take white space differently",
           one.text, other.text);
    }
  }
}

}  // namespace

std::string literal_pattern(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_plain(c)) {
      out += c;
    } else if (c < ' ') {
      out += fmt::format("\\x{{{:x}}}", static_cast<unsigned>(c));
    } else {
      out += {'\\', c};
    }
  }
  return out;
}

std::string longest_pattern(std::vector<std::string> texts) {
  std::erase_if(texts, [](const std::string& text) { return text.empty(); });
  std::ranges::sort(texts);
  texts.erase(std::ranges::unique(texts).begin(), texts.end());
  return texts.empty() ? kNothing : rest_pattern(texts, 0, 0);
}

std::string character_pattern(std::vector<char32_t> characters, bool others) {
  std::ranges::sort(characters);
  std::string out = others ? "[^" : "[";
  for (size_t i = 0; i < characters.size();) {
    const char32_t first = characters[i];
    char32_t last = first;
    while (i < characters.size() && characters[i] <= last + 1) last = characters[i++];
    out += fmt::format("\\x{{{:x}}}-\\x{{{:x}}}", static_cast<uint32_t>(first), static_cast<uint32_t>(last));
  }
  if (characters.empty()) return others ? "[\\s\\S]" : kNothing;
  return out + "]";
}

std::string added_tokens_pattern(const std::vector<SearchedToken>& tokens) {
  if (tokens.empty()) return kNothing;
  refuse_common_beginnings(tokens);
  const std::string spaces = text::pcre2_pattern("\\s*"), word = text::pcre2_pattern("\\w");
  std::vector<std::string> alternatives;
  for (const TokenKind& kind : kKinds) {
    std::vector<std::string> texts;
    for (const auto& token : tokens) {
      if (kind_of(token) == kind) texts.push_back(token.text);
    }
    if (texts.empty()) continue;
    std::string group = "(" + longest_pattern(std::move(texts)) + ")";
    if (kind.single_word) group = fmt::format("(?<!{0}){1}(?!{0})", word, group);
    alternatives.push_back((kind.lstrip ? spaces : "") + group + (kind.rstrip ? spaces : ""));
  }
  return fmt::format("{}", fmt::join(alternatives, "|"));
}

}  // namespace adze::formats
