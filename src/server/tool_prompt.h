// Tools for models whose chat template knows of none: described in words, called in tags.
#pragma once

#include "base/json.h"

namespace adze::server {

/// The messages with `tools` (list of {"name", "description", "parameters"}; null or empty: none) described in the
/// system's message, earlier calls as <tool_call> and their results as messages of the user.
Json with_tools_in_words(Json messages, const Json& tools);

}  // namespace adze::server
