#include "runtime/pooled_rows.h"

#include <cmath>

namespace adze::runtime {
namespace {

using model::Pooling;

void divide_by_length(std::span<float> row) {
  double squares = 0;
  for (const float number : row) squares += static_cast<double>(number) * number;
  if (squares <= 0) return;
  const double factor = 1 / std::sqrt(squares);
  for (float& number : row) number = static_cast<float>(number * factor);
}

Embedding mean_of(std::span<const float> rows, size_t width) {
  std::vector<double> sums(width);
  for (size_t i = 0; i < rows.size(); ++i) sums[i % width] += rows[i];
  Embedding embedding{static_cast<int64_t>(width), std::vector<float>(width)};
  const auto count = static_cast<double>(rows.size() / width);
  for (size_t i = 0; i < width; ++i) embedding.values[i] = static_cast<float>(sums[i] / count);
  return embedding;
}

}  // namespace

Embedding pooled_rows(std::span<const float> rows, int64_t width, Pooling pooling, bool normalize) {
  const auto size = static_cast<size_t>(width);
  Embedding embedding =
      pooling == Pooling::mean ? mean_of(rows, size) : Embedding{width, std::vector<float>(rows.begin(), rows.end())};
  if (!normalize || pooling == Pooling::rank) return embedding;
  for (size_t row = 0; row < embedding.values.size() / size; ++row) {
    divide_by_length(std::span(embedding.values).subspan(row * size, size));
  }
  return embedding;
}

}  // namespace adze::runtime
