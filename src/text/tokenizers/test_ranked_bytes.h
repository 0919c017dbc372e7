// Small vocabularies of ranked bytes for tests, and base64 the other way round.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace adze::text {

inline std::string base64_of(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t bits = 0;
    const auto group = bytes.substr(at, 3);
    for (size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0u);
    for (size_t i = 0; i < 4; ++i) text += i > group.size() ? '=' : kDigits[bits >> (18 - 6 * i) & 63];
  }
  return text;
}

/// The 256 bytes, then "he", "ll", "hell", "hello", and "xyz", which no two tokens make.
inline std::vector<std::string> ranked_bytes() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  tokens.insert(tokens.end(), {"he", "ll", "hell", "hello", "xyz"});
  return tokens;
}

}  // namespace adze::text
