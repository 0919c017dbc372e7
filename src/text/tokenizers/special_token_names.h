// Formats name few special tokens by id; the rest is known by how chat and code models spell them.
#pragma once

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

/// Fills the ids of eot, eom and fim_* that are still kNoToken from the texts of control and added tokens.
void find_special_tokens(TokenizerSpec& spec);

/// Ids that end a generation: eos, eot, eom, spec.end_ids and tokens spelled like an end of turn. Sorted.
std::vector<int32_t> end_of_generation_ids(const TokenizerSpec& spec);

}  // namespace adze::text
