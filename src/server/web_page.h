// The web page in the program: one HTML document with its scripts and styles inside, from web/.
#pragma once

#include <string_view>
#include <vector>

namespace adze::server {

// By tools/build_web_page.py, when the program is built.
extern const std::vector<std::string_view> kWebPagePieces;  // none: built without the page
extern const std::string_view kWebPagePolicy;               // under which browsers run it: Content-Security-Policy
extern const std::string_view kWebPageMissing;              // why there is none

}  // namespace adze::server
