// What the tokenizers and chat templates of two models do differently.
#pragma once

#include <vector>

#include "model/model.h"
#include "pipeline/diff.h"

namespace adze::pipeline {

/// Vocabulary, merges, special tokens, and the encodings of text::sample_texts().
std::vector<TextDifference> compare_tokenizers(const model::Model& first, const model::Model& second);

/// What the templates make of text::sample_conversations(). Templates that differ in their source alone are equal.
std::vector<TextDifference> compare_chat_templates(const model::Model& first, const model::Model& second);

}  // namespace adze::pipeline
