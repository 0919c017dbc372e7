#include "base/utf8.h"

#include <algorithm>

namespace adze {
namespace {

struct LeadByte {
  size_t length;             // of the whole sequence; 0 for a byte that cannot start one
  unsigned char second_min;  // allowed range of the second byte (Unicode table 3-7)
  unsigned char second_max;
};

LeadByte classify(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xC2) return {0, 0, 0};
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead < 0xF4) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// How many bytes of `text` form a valid prefix of the sequence that its first byte announces.
size_t valid_prefix(std::string_view text, const LeadByte& lead) {
  size_t count = 1;
  while (count < lead.length && count < text.size()) {
    const auto byte = static_cast<unsigned char>(text[count]);
    const unsigned char low = count == 1 ? lead.second_min : 0x80;
    const unsigned char high = count == 1 ? lead.second_max : 0xBF;
    if (byte < low || byte > high) break;
    ++count;
  }
  return count;
}

}  // namespace

Utf8Character decode_utf8(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const LeadByte lead = classify(first);
  if (lead.length == 0) return {kReplacementCharacter, 1, false};
  const size_t count = valid_prefix(text, lead);
  if (count < lead.length) return {kReplacementCharacter, count, false};
  if (lead.length == 1) return {first, 1, true};
  char32_t code_point = first & (0xFFu >> (lead.length + 1));
  for (size_t i = 1; i < count; ++i) code_point = code_point << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  return {code_point, count, true};
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto push = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    push(code_point);
  } else if (code_point < 0x800) {
    push(0xC0 | code_point >> 6);
    push(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    push(0xE0 | code_point >> 12);
    push(0x80 | (code_point >> 6 & 0x3F));
    push(0x80 | (code_point & 0x3F));
  } else {
    push(0xF0 | code_point >> 18);
    push(0x80 | (code_point >> 12 & 0x3F));
    push(0x80 | (code_point >> 6 & 0x3F));
    push(0x80 | (code_point & 0x3F));
  }
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto character = decode_utf8(text);
    if (!character.valid) return false;
    text.remove_prefix(character.bytes);
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto character = decode_utf8(text);
    append_utf8(out, character.code_point);
    text.remove_prefix(character.bytes);
  }
  return out;
}

std::u32string utf8_to_code_points(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto character = decode_utf8(text);
    out.push_back(character.code_point);
    text.remove_prefix(character.bytes);
  }
  return out;
}

size_t incomplete_utf8_suffix(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const auto tail = text.substr(text.size() - back);
    const LeadByte lead = classify(static_cast<unsigned char>(tail[0]));
    if (lead.length <= 1) continue;
    return lead.length > back && valid_prefix(tail, lead) == back ? back : 0;
  }
  return 0;
}

}  // namespace adze
