#include "transforms/output_error.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "quantize/hessian_factor.h"

namespace adze::transforms {
namespace {

// Rows that go through the Hessian together: it is read once for all of them.
constexpr int64_t kRowsTogether = 8;

}  // namespace

OutputError::OutputError(const model::InputStatistics& inputs)
    : columns_(inputs.columns), diagonal_(inputs.square_sums) {
  if (inputs.hessian) triangle_ = quantize::read_hessian(*inputs.hessian, columns_);
  const bool is_whole = static_cast<int64_t>(diagonal_.size()) == columns_;
  if (!is_whole || !std::ranges::all_of(diagonal_, [](float sum) { return std::isfinite(sum) && sum >= 0; })) {
    fail(ErrorCode::bad_input, "statistics of {} columns are damaged or of a stacked weight", columns_);
  }
}

double OutputError::by_diagonal(const float* row) const {
  double sum = 0;
  for (int64_t i = 0; i < columns_; ++i) {
    const double value = row[i];
    sum += value * value * static_cast<double>(diagonal_[static_cast<size_t>(i)]);
  }
  return sum;
}

// products[r] = (strictly lower triangle)^T rows[r]: number j gets every row i > j of the triangle, in order.
void OutputError::add_products(const float* rows, int64_t count, std::vector<float>& products) const {
  products.assign(static_cast<size_t>(count * columns_), 0.0f);
  for (int64_t i = 1; i < columns_; ++i) {
    const float* line = triangle_.data() + i * (i + 1) / 2;
    for (int64_t r = 0; r < count; ++r) {
      const float factor = rows[r * columns_ + i];
      float* sum = products.data() + r * columns_;
      for (int64_t j = 0; j < i; ++j) sum[j] += factor * line[j];
    }
  }
}

std::vector<double> OutputError::of_rows(const float* rows, int64_t count) const {
  std::vector<double> errors;
  std::vector<float> products;
  for (int64_t first = 0; first < count; first += kRowsTogether) {
    const int64_t now = std::min(kRowsTogether, count - first);
    const float* group = rows + first * columns_;
    if (!triangle_.empty()) add_products(group, now, products);
    for (int64_t r = 0; r < now; ++r) {
      double error = by_diagonal(group + r * columns_);
      for (int64_t j = 0; j < columns_ && !triangle_.empty(); ++j) {
        error += 2.0 * static_cast<double>(group[r * columns_ + j]) *
                 static_cast<double>(products[static_cast<size_t>(r * columns_ + j)]);
      }
      errors.push_back(std::max(0.0, error));
    }
  }
  return errors;
}

}  // namespace adze::transforms
