// How the stored values of a tensor are chosen. A quantizer works with any codec it supports and any source format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "codecs/codec.h"

namespace adze::quantize {

/// What running the model on sample text told about the inputs of one weight. Empty parts are not known.
struct InputStatistics {
  /// Mean squared input per column: [matrices, columns], matrices being the experts of a stacked weight (else 1).
  std::vector<float> importance;
};

/// Consecutive rows of one weight [..., rows_per_matrix, columns].
struct Rows {
  const float* values;
  int64_t first;
  int64_t count;
  int64_t columns;
  int64_t rows_per_matrix;
};

struct Quantizer {
  std::string_view name;     // "nearest"
  std::string_view summary;  // one line for `adze list quantizers`

  bool (*supports)(const codecs::Codec& codec);

  /// Packs the rows; `statistics` may be null. The bytes of a row do not depend on which rows come with it.
  /// REQUIRES: supports(codec), columns are a multiple of its block.
  void (*pack)(const Rows& rows, const codecs::Codec& codec, const InputStatistics* statistics, std::byte* packed);
};

/// Every quantizer, simplest first.
std::span<const Quantizer* const> all_quantizers();

/// By name; throws Error(unsupported) that lists the known names.
const Quantizer& quantizer_named(std::string_view name);

extern const Quantizer nearest, importance;

}  // namespace adze::quantize
