// How the stored values of a tensor are chosen. A quantizer works with any codec it supports and any source format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "codecs/codec.h"
#include "model/tensor.h"
#include "quantize/parameters.h"

namespace adze::quantize {

/// What running the model on sample text told about the inputs of one weight. Empty parts are not known.
struct InputStatistics {
  /// Mean squared input per column: [matrices, columns], matrices being the experts of a stacked weight (else 1).
  std::vector<float> importance;
  /// Sum of x x^T over inputs x, lower triangle in f32 (model::InputStatistics); of a single matrix.
  std::shared_ptr<const model::Tensor> hessian = nullptr;
};

/// Consecutive rows of one weight [..., rows_per_matrix, columns].
struct Rows {
  const float* values;
  int64_t first;
  int64_t count;
  int64_t columns;
  int64_t rows_per_matrix;
};

/// How one weight is to be packed.
struct PackingJob {
  const codecs::Codec& codec;
  const InputStatistics* statistics;  // may be null
  const Settings& settings;
  const void* prepared = nullptr;  // what the quantizer's prepare() made
};

/// Anonymous memory in bytes beyond the rows themselves, at most.
struct MemoryNeed {
  uint64_t shared = 0;      // by all threads, while one weight is packed
  uint64_t per_thread = 0;  // that packs its rows
};

struct Quantizer {
  std::string_view name;     // "nearest"
  std::string_view summary;  // one line for `adze list quantizers`

  bool (*supports)(const codecs::Codec& codec);

  /// Packs the rows. The bytes of a row do not depend on which rows come with it.
  /// REQUIRES: supports(codec), columns are a multiple of its block.
  void (*pack)(const Rows& rows, const PackingJob& job, std::byte* packed);

  std::span<const Parameter> parameters = {};

  /// What all rows of a weight of `columns` columns share, made once before the first; null: nothing.
  std::shared_ptr<const void> (*prepare)(int64_t columns, const PackingJob& job) = nullptr;

  /// The codecs for which it does more than `importance` does; null: all that it supports.
  bool (*drives)(const codecs::Codec& codec) = nullptr;

  /// For a weight of `columns` columns; null: nothing to speak of.
  MemoryNeed (*memory_need)(int64_t columns, const PackingJob& job) = nullptr;

  bool reads_importance = false;
  bool reads_hessians = false;
  /// It runs the model between blocks: its bytes are the same on processors of one ISA, and cards say so.
  bool runs_model = false;
};

/// Every quantizer, simplest first.
std::span<const Quantizer* const> all_quantizers();

/// By name; throws Error(unsupported) that lists the known names.
const Quantizer& quantizer_named(std::string_view name);

/// The importance of the matrix that a row lies in; null when not known. Error(bad_input) when the statistics are of
/// another shape.
const float* importance_of_row(const InputStatistics* statistics, const Rows& rows, int64_t row);

extern const Quantizer nearest, importance, hqq, gptq;

}  // namespace adze::quantize
