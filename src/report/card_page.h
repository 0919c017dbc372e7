// A quality card as one HTML page that needs nothing else: no network, no scripts.
#pragma once

#include <string>

#include "base/json.h"

namespace adze::report {

/// Of the document that docs/card.md describes. What is missing is left out.
std::string card_page(const Json& card);

}  // namespace adze::report
