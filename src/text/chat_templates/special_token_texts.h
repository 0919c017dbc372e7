// The texts of special tokens under the names by which chat templates know them.
#pragma once

#include "base/json.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::text {

/// An object: "bos_token", "eos_token", "unk_token", "pad_token", as far as the tokenizer has them.
Json special_token_texts(const Tokenizer& tokenizer);

}  // namespace adze::text
