#pragma once

#include <span>

#include "runtime/embedder.h"

namespace adze::runtime {

/// A text's rows as its embedding. `rows`: all of them for mean and none, else the one that is wanted.
Embedding pooled_rows(std::span<const float> rows, int64_t width, model::Pooling pooling, bool normalize);

}  // namespace adze::runtime
