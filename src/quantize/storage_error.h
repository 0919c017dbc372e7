// How much noise a storage type would add to the product with a weight, from a sample of its rows.
#pragma once

#include "quantize/packed_tensor.h"

namespace adze::quantize {

/// Noise-to-signal ratio: the sum of squared errors over the sum of squares, both weighted by the importance of the
/// columns where `options` has statistics. Of up to `most_rows` rows, evenly spread; 0 for a tensor of zeros. Throws as
/// packed_tensor() does.
double storage_error(const model::Tensor& tensor, const codecs::Codec& target, const PackingOptions& options = {},
                     int64_t most_rows = 64);

/// The same of a tensor and what became of it. REQUIRES: the same shape; `statistics` may be null.
double storage_error(const model::Tensor& tensor, const model::Tensor& stored, const InputStatistics* statistics,
                     int64_t most_rows = 64);

}  // namespace adze::quantize
