// tokenizer.json holds regular expressions in Oniguruma's Ruby syntax; Adze runs them with PCRE2.
#pragma once

#include <string>
#include <string_view>

namespace adze::text {

/// The same pattern for PCRE2 in UTF + UCP + multi-line mode. Rewritten are: \s and \S (PCRE2 adds U+180E), \w and \W
/// (PCRE2 has no combining marks in them), \h (a hex digit), \uHHHH, classes inside classes, and [a&&[^b]].
/// Throws Error(unsupported) for other set operations, Error(bad_input) for an unfinished class or escape.
std::string pcre2_pattern(std::string_view oniguruma);

}  // namespace adze::text
