// JSON as people read it.
#pragma once

#include <string>

#include "base/json.h"

namespace adze::report {

/// Indented by two; arrays of plain values stay on one line. Invalid UTF-8 becomes U+FFFD. Without a line end.
std::string indented_json(const Json& value);

}  // namespace adze::report
