// A llama of a few thousand random weights, for tests of the machinery around it.
#pragma once

#include "model/model.h"

namespace adze::runtime {

inline constexpr int64_t kTinyVocabulary = 50;

/// Weights stored as `storage` (any codec that can encode rows of 64 numbers), always the same values.
model::Model tiny_model(StorageType storage);

}  // namespace adze::runtime
