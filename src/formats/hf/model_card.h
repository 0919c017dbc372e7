// The YAML block at the start of a README.md, as far as model cards use it: keys with a text or a flat list.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace adze::formats {

/// Values by key; a text is a list of one. Nested structures are left out.
using ModelCard = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Empty for a file that does not start with "---".
ModelCard read_model_card(std::string_view readme);

}  // namespace adze::formats
