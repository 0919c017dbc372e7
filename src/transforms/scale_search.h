// Which factors make weights easiest to quantize, by the error of their products.
#pragma once

#include <cstdint>
#include <vector>

#include "base/thread_pool.h"
#include "model/activation_statistics.h"
#include "model/tensor.h"
#include "quantize/quantizer.h"

namespace adze::transforms {

/// A matrix that reads the inputs whose factors are looked for, and how it will be stored.
struct ScaledReader {
  model::Tensor tensor;
  const codecs::Codec* codec;
};

struct ScaleProblem {
  std::vector<ScaledReader> readers;
  const model::InputStatistics& inputs;
  /// Which factor each column gets: several heads of queries read one head of values.
  std::vector<int32_t> factor_of_column;
  int64_t factors;
};

struct ScaleSearchOptions {
  const quantize::Quantizer& quantizer;
  int steps = 16;     // exponents are k / steps
  int64_t rows = 64;  // of each matrix, evenly spread, that are tried
  bool divide_by_weights = false;
  ThreadPool& pool;
};

struct ScaleChoice {
  std::vector<float> factors;  // all 1 where nothing is better
  double exponent = 0;
  double error_before = 0;  // mean over the matrices of error over size of the products, squared
  double error_after = 0;

  bool is_better() const { return exponent > 0; }
};

/// Factors are the root mean square of the inputs to the power of k / steps, k = 0 … steps, with a geometric middle of
/// 1. With `divide_by_weights` they are divided by the mean size of the weights to the power of 1 - k / steps.
/// Powers are made of square roots and products, the same on every machine. REQUIRES: steps is a power of two.
ScaleChoice search_scales(const ScaleProblem& problem, const ScaleSearchOptions& options);

}  // namespace adze::transforms
