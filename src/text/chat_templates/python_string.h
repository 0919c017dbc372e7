// Python's string operations on UTF-8. Positions and lengths count code points, as in Python.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace adze::text::jinja {

class Budget;

std::string to_utf8(std::u32string_view characters);
/// REQUIRES: valid UTF-8, which every Value holds.
size_t count_characters(std::string_view text);
bool is_space(char32_t character);

enum class Side { left, right, both };
/// The part of `text` without surrounding whitespace, or without the characters of `characters` where given.
std::string_view strip(std::string_view text, Side side, std::optional<std::string_view> characters = std::nullopt);

/// A negative `most` means no limit. Without a separator runs of whitespace separate and empty parts vanish.
std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator, int64_t most,
                               Budget& budget);
std::vector<std::string> split_from_right(std::string_view text, std::optional<std::string_view> separator,
                                          int64_t most, Budget& budget);
std::vector<std::string> split_lines(std::string_view text, bool keep_ends, Budget& budget);

/// Pays for the result before it is built. A negative `most` means no limit.
std::string replace(std::string_view text, std::string_view from, std::string_view to, int64_t most, Budget& budget);
/// Non-overlapping occurrences of `part`.
size_t count_occurrences(std::string_view text, std::string_view part);
std::string repeat(std::string_view text, int64_t times, Budget& budget);

/// First and one past the last index, clamped to `size` as Python's slices are; `step` is not 0.
struct SliceBounds {
  int64_t start;
  int64_t stop;
};
SliceBounds clamp_slice(std::optional<int64_t> start, std::optional<int64_t> stop, int64_t step, int64_t size);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_title(std::string_view text);
std::string capitalize(std::string_view text);
std::string swap_case(std::string_view text);

enum class CharacterClass { alphabetic, decimal, digit, numeric, alphanumeric, space, lower, upper, title, ascii };
/// Python's str.isalpha() and its siblings.
bool all_characters_are(std::string_view text, CharacterClass wanted);
/// A character of the regular expression class \w.
bool is_word_character(char32_t character);

/// Replaces & < > " ' by their HTML entities.
std::string escape_html(std::string_view text);

}  // namespace adze::text::jinja
