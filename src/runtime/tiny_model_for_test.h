// A llama of a few thousand random weights, for tests of the machinery around it.
#pragma once

#include <memory>

#include "model/model.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::runtime {

inline constexpr int64_t kTinyVocabulary = 50;

/// Weights stored as `storage` (any codec that can encode rows of 64 numbers), always the same values.
model::Model tiny_model(StorageType storage);

/// A letter for each token ('0' for token 0), "01" for the last one.
std::shared_ptr<const text::TokenizerSpec> tiny_tokenizer();
/// The same, with this token at the end of texts.
std::shared_ptr<const text::TokenizerSpec> tiny_tokenizer_ending_with(uint32_t token);

}  // namespace adze::runtime
