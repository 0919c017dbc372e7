#include "text/tokenizers/unicode_forms.h"

#include <utf8proc.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"

namespace adze::text {
namespace {

constexpr int kMaxDecomposition = 32;  // the longest is 18 (U+FDFA)

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

int combining_class(utf8proc_int32_t code_point) { return utf8proc_get_property(code_point)->combining_class; }

// utf8proc's own sorting of marks is quadratic, so the decomposition is put in order here: runs of marks by their
// class, those of the same class in the order that they had.
void order_marks(std::vector<utf8proc_int32_t>& code_points) {
  constexpr int kCodePointBits = 21;
  constexpr int kPositionBits = 35;
  std::vector<uint64_t> keys;
  const size_t count = code_points.size();
  for (size_t begin = 0, end = 0; begin < count; begin = end + 1) {
    keys.clear();
    for (end = begin; end < count && combining_class(code_points[end]) != 0; ++end) {
      const auto order = static_cast<uint64_t>(combining_class(code_points[end])) << kPositionBits | (end - begin);
      keys.push_back(order << kCodePointBits | static_cast<uint64_t>(code_points[end]));
    }
    std::sort(keys.begin(), keys.end());
    for (size_t i = 0; i < keys.size(); ++i) {
      code_points[begin + i] = static_cast<utf8proc_int32_t>(keys[i] & ((1u << kCodePointBits) - 1));
    }
  }
}

std::vector<utf8proc_int32_t> decompose(std::string_view text, bool compatibility) {
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | (compatibility ? UTF8PROC_COMPAT : 0));
  std::vector<utf8proc_int32_t> out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto character = decode_utf8(text);
    text.remove_prefix(character.bytes);
    utf8proc_int32_t parts[kMaxDecomposition];
    int boundary = 0;
    const auto code_point = static_cast<utf8proc_int32_t>(character.code_point);
    const auto count = utf8proc_decompose_char(code_point, parts, kMaxDecomposition, options, &boundary);
    if (count < 0 || count > kMaxDecomposition) fail(ErrorCode::internal, "U+{:04X} does not decompose", code_point);
    out.insert(out.end(), parts, parts + count);
  }
  order_marks(out);
  return out;
}

utf8proc_category_t category(char32_t code_point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
}

}  // namespace

std::string to_unicode_form(std::string_view text, UnicodeForm form) {
  if (is_ascii(text)) return std::string(text);
  auto code_points = decompose(text, form == UnicodeForm::nfkc || form == UnicodeForm::nfkd);
  if (form == UnicodeForm::nfc || form == UnicodeForm::nfkc) {
    const auto count = utf8proc_normalize_utf32(code_points.data(), static_cast<utf8proc_ssize_t>(code_points.size()),
                                                static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    if (count < 0) fail(ErrorCode::internal, "normalization failed: {}", utf8proc_errmsg(count));
    code_points.resize(static_cast<size_t>(count));
  }
  std::string out;
  out.reserve(text.size());
  for (const auto code_point : code_points) append_utf8(out, static_cast<char32_t>(code_point));
  return out;
}

std::string to_lower_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto character = decode_utf8(text);
    text.remove_prefix(character.bytes);
    if (character.code_point == 0x130) {  // the only one that becomes two characters
      out += "i\xCC\x87";
    } else {
      append_utf8(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(character.code_point))));
    }
  }
  return out;
}

bool is_white_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_mark(char32_t c) {
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_MN && kind <= UTF8PROC_CATEGORY_ME;
}

bool is_nonspacing_mark(char32_t c) { return category(c) == UTF8PROC_CATEGORY_MN; }

bool is_word_character(char32_t c) {
  const auto kind = category(c);
  return (kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_ND) || kind == UTF8PROC_CATEGORY_NL ||
         kind == UTF8PROC_CATEGORY_PC;
}

bool is_control_or_format(char32_t c) {
  const auto kind = category(c);
  return kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_CO;
}

bool is_punctuation(char32_t c) {
  if (c < 0x80)
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
}

// As `tokenizers` has it, whose block from 0x2B920 on begins at 0x2B820 in the original.
bool is_cjk_ideograph(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

}  // namespace adze::text
