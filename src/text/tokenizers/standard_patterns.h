// Regular expressions that stand for named components of tokenizer.json (Oniguruma syntax).
#pragma once

#include <string_view>

namespace adze::text {

/// The pattern built into ByteLevel: GPT-2's.
inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kDigitPattern = R"(\p{N})";
inline constexpr std::string_view kDigitsPattern = R"(\p{N}+)";
inline constexpr std::string_view kPunctuationPattern = R"([\p{P}$+<=>^`|~])";  // Unicode's and all of ASCII's
inline constexpr std::string_view kWhitespacePattern = R"(\s)";
inline constexpr std::string_view kWordOrSymbolsPattern = R"(\w+|[^\w\s]+)";  // "Whitespace" keeps these

}  // namespace adze::text
