// A text as tokens of a model, cut up as measurements want it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluate/scored_text.h"
#include "model/model.h"

namespace adze::pipeline {

/// Scored at once: bounds the memory for logits, which is as many times the vocabulary.
inline constexpr int64_t kBatchTokens = 128;

struct TokenizedText {
  std::vector<int32_t> tokens;
  evaluate::TextOptions options;
};

/// With the tokens that the tokenizer puts in front of a text. Error(bad_input) without a tokenizer.
std::vector<int32_t> tokens_of_text(const model::Model& model, const std::string& text);
/// The token that begins every chunk, or text::kNoToken. REQUIRES: there is a tokenizer.
int32_t first_token_of(const model::Model& model);

/// In chunks of at most `context` tokens: fewer where the model was trained for less, or the text has less.
TokenizedText tokenized(const model::Model& model, const std::string& text, int64_t context, int64_t chunks);

}  // namespace adze::pipeline
