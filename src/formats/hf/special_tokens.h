// Special tokens under Hugging Face's names.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::formats {

/// {"bos_token", 1} … for every special token that Hugging Face has a name for and the tokenizer has.
std::vector<std::pair<std::string, int32_t>> special_tokens_of(const text::TokenizerSpec& spec);

/// The same with "_id" behind the names, as config.json has them; only bos, eos and pad.
std::vector<std::pair<std::string, int32_t>> special_token_ids(const text::TokenizerSpec& spec);

}  // namespace adze::formats
