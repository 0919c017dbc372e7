// How wide text is in a terminal, and text from files made safe to show there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace adze::report {

/// Terminal columns: 2 for East Asian wide characters and emoji, 0 for combining marks; a sequence joined into one
/// emoji counts once. REQUIRES: no control characters.
size_t display_width(std::string_view text);

/// Control characters, which could drive the terminal, and marks that reverse the direction of text become escapes
/// (\x1b, \u202e), line ends \n; bytes that are not UTF-8 become U+FFFD.
std::string printable(std::string_view text);

/// At most `columns` wide: longer text keeps its start and its end around "…", because names of tensors differ at both.
/// REQUIRES: columns >= 1.
std::string shortened(std::string_view text, size_t columns);

}  // namespace adze::report
