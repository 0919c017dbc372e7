#include "quantize/storage_error.h"

#include <algorithm>
#include <vector>

namespace adze::quantize {
namespace {

// Importance of the columns of one row; null: all count alike.
const float* importance_of(const model::Tensor& tensor, const InputStatistics* statistics, int64_t row) {
  if (!statistics || statistics->importance.empty()) return nullptr;
  const int64_t columns = tensor.shape.row_length();
  const auto matrices = static_cast<int64_t>(statistics->importance.size()) / columns;
  const int64_t rows_per_matrix = tensor.shape.row_count() / matrices;
  return statistics->importance.data() + row / rows_per_matrix * columns;
}

void decode_row(const model::Tensor& tensor, int64_t row, std::vector<float>& values) {
  std::vector<std::byte> scratch;
  codecs::codec_of(tensor.storage)
      .decode(tensor.source->rows(row, 1, scratch).data(), values.data(), static_cast<int64_t>(values.size()));
}

}  // namespace

double storage_error(const model::Tensor& tensor, const codecs::Codec& target, const PackingOptions& options,
                     int64_t most_rows) {
  return storage_error(tensor, packed_tensor(tensor, target, options), options.statistics.get(), most_rows);
}

double storage_error(const model::Tensor& tensor, const model::Tensor& packed, const InputStatistics* statistics,
                     int64_t most_rows) {
  const int64_t rows = tensor.shape.row_count();
  const int64_t sampled = std::min(rows, most_rows);
  const auto columns = static_cast<size_t>(tensor.shape.row_length());
  std::vector<float> original(columns);
  std::vector<float> stored(columns);
  double noise = 0;
  double signal = 0;
  for (int64_t i = 0; i < sampled; ++i) {
    const int64_t row = (2 * i + 1) * rows / (2 * sampled);
    decode_row(tensor, row, original);
    decode_row(packed, row, stored);
    const float* column_weights = importance_of(tensor, statistics, row);
    for (size_t k = 0; k < columns; ++k) {
      const double weight = column_weights ? static_cast<double>(column_weights[k]) : 1.0;
      const double value = original[k];
      const double error = static_cast<double>(stored[k]) - value;
      noise += weight * error * error;
      signal += weight * value * value;
    }
  }
  return signal > 0 ? noise / signal : 0;
}

}  // namespace adze::quantize
