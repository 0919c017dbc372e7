// Mistral's tekken.json: control tokens first, then tokens by rank as tiktoken has them, and the pattern.
#pragma once

#include <string>
#include <string_view>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

/// Throws Error(bad_input) for a file of another structure, sizes that contradict each other, or ranks that are
/// missing.
TokenizerSpec read_tekken_json(std::string_view json, const std::string& source);

}  // namespace adze::text
