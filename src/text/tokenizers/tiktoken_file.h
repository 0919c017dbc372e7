// Files of tiktoken: a line "base64 rank" for each token. Pattern and control tokens are not in the file; the encoding
// that it is named after has them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

struct TiktokenEncoding {
  std::string_view name;  // of the file, without ".tiktoken"
  std::string_view pattern;
  std::vector<std::pair<std::string, int32_t>> control;
};

std::span<const TiktokenEncoding> tiktoken_encodings();
/// The encoding of a file by its name, or nullptr.
const TiktokenEncoding* find_tiktoken_encoding(std::string_view path);

/// True for text that begins as such a file does.
bool looks_like_tiktoken(std::string_view text);

/// Throws Error(bad_input) for lines of another form, ranks that are there twice or far beyond the
/// number of lines, and bytes without a token.
TokenizerSpec read_tiktoken(std::string_view text, const TiktokenEncoding& encoding, const std::string& source);

}  // namespace adze::text
