// tiktoken's byte-pair encoding: tokens are bytes, and of two neighbours those merge that make the token of the lowest
// rank. As ranked merges it is what every other tokenizer here is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

/// Ranks are compared as floats.
inline constexpr size_t kMaxRankedTokens = size_t{1} << 24;

/// Makes `spec` a byte-level BPE with the token of rank r at the id `first_id` + r, that splits text by `pattern`. A
/// rank may be empty. Throws Error(bad_input) where a byte has no token, or two tokens have the same bytes.
void set_ranked_tokens(const std::vector<std::string>& by_rank, size_t first_id, std::string_view pattern,
                       TokenizerSpec& spec);

}  // namespace adze::text
