// JSON documents as template values.
#pragma once

#include "base/json.h"
#include "text/chat_templates/value.h"

namespace adze::text::jinja {

/// Throws Error for integers beyond 64 bits and for nesting beyond kMaxValueDepth. Invalid UTF-8 becomes U+FFFD.
Value value_from_json(const Json& json);

}  // namespace adze::text::jinja
