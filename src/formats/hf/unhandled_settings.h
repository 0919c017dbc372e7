// Which settings of a config.json the architecture that it names does not compute with.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "architectures/architecture.h"
#include "base/json.h"

namespace adze::formats {

struct UnhandledSettings {
  std::vector<std::string> effective;  // lines: the key, its value, and what is known where that is short
  std::vector<std::string> odd;        // keys that nobody knows and that do not sound like something that is computed
};

/// `has_weight` says whether a canonical weight is there.
UnhandledSettings unhandled_settings(const Json& config, const architectures::Architecture& architecture,
                                     const std::function<bool(std::string_view)>& has_weight);

}  // namespace adze::formats
