// Keys of config.json that no result depends on, and what the others may be.
#pragma once

#include <string_view>

#include "base/json.h"

namespace adze::formats {

/// Known to say nothing about what is computed, or read in another place.
bool is_harmless_key(std::string_view key);

enum class UnknownKey {
  no_effect,  // null, false, 0, empty, a factor of 1, or a setting of training
  odd,        // its name does not sound like something that is computed
  effective,  // it does
};
UnknownKey judge_unknown_key(std::string_view key, const Json& value);

}  // namespace adze::formats
