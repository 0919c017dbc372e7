// A tokenizer from a file of any kind that holds one alone.
#pragma once

#include <string>
#include <string_view>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

/// By the name: tokenizer.json, tekken*.json, *.tiktoken, else SentencePiece's model. `tokenizer_config_json` may be
/// empty. Throws Error(bad_input, unsupported) as the readers do, and where the name of a *.tiktoken tells no encoding.
TokenizerSpec read_tokenizer_file(std::string_view bytes, std::string_view tokenizer_config_json,
                                  const std::string& path);

}  // namespace adze::text
