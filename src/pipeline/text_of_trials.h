// A text in the tokens of a model, as measuring and calibrating cut it into chunks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/model.h"

namespace adze::pipeline {

/// With the tokens that the tokenizer puts in front of a text. Error(bad_input) without a tokenizer.
std::vector<int32_t> tokens_of_text(const model::Model& model, const std::string& text);
/// The token that begins every chunk, or text::kNoToken. REQUIRES: there is a tokenizer.
int32_t first_token_of(const model::Model& model);

}  // namespace adze::pipeline
