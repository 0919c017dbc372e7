// Text from anywhere made safe inside HTML and XML.
#pragma once

#include <string>
#include <string_view>

namespace adze::report {

/// For text and for values of attributes in quotes: markup characters become entities, control characters and bytes
/// that are not UTF-8 become U+FFFD.
std::string markup_escaped(std::string_view text);

}  // namespace adze::report
