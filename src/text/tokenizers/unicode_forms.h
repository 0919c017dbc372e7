// Unicode normalization forms and character classes, over valid UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace adze::text {

enum class UnicodeForm { nfc, nfd, nfkc, nfkd };

/// Runs of combining marks of any length take O(n log n).
std::string to_unicode_form(std::string_view text, UnicodeForm form);

/// Full lower case, character by character.
std::string to_lower_case(std::string_view text);

bool is_white_space(char32_t code_point);        // Unicode White_Space
bool is_mark(char32_t code_point);               // M
bool is_nonspacing_mark(char32_t code_point);    // Mn
bool is_word_character(char32_t code_point);     // letter, mark, decimal digit or connector
bool is_control_or_format(char32_t code_point);  // Cc, Cf or Co: control, format, private use
bool is_punctuation(char32_t code_point);        // P, and ASCII symbols
bool is_cjk_ideograph(char32_t code_point);

}  // namespace adze::text
