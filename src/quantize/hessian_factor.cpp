// H = R R^T with R upper triangular is a Cholesky factorization that begins at the last place; its inverse R^-1 is the
// U that is wanted, so no inverse of H is ever formed. Both steps run over the places from the last to the first:
// "reversed" below. Every number is a sum in one fixed order, whatever the compiler makes of the loops.
#include "quantize/hessian_factor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::quantize {
namespace {

constexpr int64_t kPanel = 32;
constexpr int64_t kMaxColumns = 1 << 16;
constexpr int kMostDampings = 8;

/// A square matrix of which the lower triangle is used.
struct Square {
  explicit Square(int64_t size) : n(size), values(static_cast<size_t>(size * size)) {}
  double* row(int64_t i) { return values.data() + i * n; }
  const double* row(int64_t i) const { return values.data() + i * n; }
  int64_t n;
  std::vector<double> values;
};

void subtract_scaled(double* target, const double* source, double factor, int64_t count) {
  for (int64_t i = 0; i < count; ++i) target[i] -= factor * source[i];
}

// The columns [first, last) of the lower factor, of which columns before `first` were taken off already.
bool factor_panel(Square& a, int64_t first, int64_t last) {
  for (int64_t k = first; k < last; ++k) {
    const double pivot = a.row(k)[k];
    if (!(pivot > 0) || !std::isfinite(pivot)) return false;
    const double root = std::sqrt(pivot);
    a.row(k)[k] = root;
    for (int64_t i = k + 1; i < a.n; ++i) a.row(i)[k] /= root;
    for (int64_t i = k + 1; i < a.n; ++i) {
      const double factor = a.row(i)[k];
      for (int64_t j = k + 1; j < std::min(last, i + 1); ++j) a.row(i)[j] -= factor * a.row(j)[k];
    }
  }
  return true;
}

// Takes the panel's part off everything behind it, row by row, while the panel stays in the cache.
void subtract_panel(Square& a, int64_t first, int64_t last) {
  const int64_t behind = a.n - last;
  std::vector<double> turned(static_cast<size_t>(kPanel * behind));  // column k of the panel as a row
  for (int64_t j = 0; j < behind; ++j) {
    for (int64_t k = first; k < last; ++k) turned[static_cast<size_t>((k - first) * behind + j)] = a.row(last + j)[k];
  }
  for (int64_t i = last; i < a.n; ++i) {
    for (int64_t k = first; k < last; ++k) {
      subtract_scaled(a.row(i) + last, turned.data() + (k - first) * behind, a.row(i)[k], i - last + 1);
    }
  }
}

/// In place: lower factor L with L L^T = a. False when a is not positive definite.
bool factor_in_place(Square& a) {
  for (int64_t first = 0; first < a.n; first += kPanel) {
    const int64_t last = std::min(first + kPanel, a.n);
    if (!factor_panel(a, first, last)) return false;
    subtract_panel(a, first, last);
  }
  return true;
}

/// In place: L becomes its inverse, rows in panels, so that each finished row is read once per panel.
void invert_in_place(Square& lower) {
  std::vector<double> own(static_cast<size_t>(kPanel * lower.n));
  for (int64_t first = 0; first < lower.n; first += kPanel) {
    const int64_t last = std::min(first + kPanel, lower.n);
    for (int64_t i = first; i < last; ++i) {  // the factors are read while the rows are overwritten
      std::copy_n(lower.row(i), i + 1, own.data() + (i - first) * lower.n);
      std::fill_n(lower.row(i), i + 1, 0.0);
    }
    for (int64_t k = 0; k < first; ++k) {
      for (int64_t i = first; i < last; ++i) {
        subtract_scaled(lower.row(i), lower.row(k), own[static_cast<size_t>((i - first) * lower.n + k)], k + 1);
      }
    }
    for (int64_t i = first; i < last; ++i) {
      const double* factors = own.data() + (i - first) * lower.n;
      for (int64_t k = first; k < i; ++k) subtract_scaled(lower.row(i), lower.row(k), factors[k], k + 1);
      lower.row(i)[i] = 1;
      for (int64_t j = 0; j <= i; ++j) lower.row(i)[j] /= factors[i];
    }
  }
}

double at(const std::vector<float>& triangle, int64_t i, int64_t j) {
  return triangle[static_cast<size_t>(i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i)];
}

double mean_of_diagonal(const std::vector<float>& triangle, int64_t columns) {
  double sum = 0;
  for (int64_t i = 0; i < columns; ++i) sum += at(triangle, i, i);
  return sum / static_cast<double>(columns);
}

Square reversed(const std::vector<float>& triangle, const std::vector<int32_t>& order, double added) {
  const auto n = static_cast<int64_t>(order.size());
  Square a(n);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t column = order[static_cast<size_t>(n - 1 - i)];
    for (int64_t j = 0; j <= i; ++j) a.row(i)[j] = at(triangle, column, order[static_cast<size_t>(n - 1 - j)]);
    a.row(i)[i] += added;
  }
  return a;
}

}  // namespace

std::vector<float> read_hessian(const model::Tensor& triangle, int64_t columns) {
  if (columns < 1 || columns > kMaxColumns || triangle.shape.element_count() != columns * (columns + 1) / 2 ||
      triangle.storage != &codecs::f32.info) {
    fail(ErrorCode::bad_input, "'{}' is no Hessian of {} columns", triangle.name, columns);
  }
  auto values = model::decode_all(triangle);
  for (int64_t i = 0; i < columns; ++i) {
    if (!(at(values, i, i) >= 0)) fail(ErrorCode::bad_input, "'{}' has a negative sum of squares", triangle.name);
  }
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    fail(ErrorCode::bad_input, "'{}' is not finite", triangle.name);
  }
  return values;
}

HessianFactor factor_hessian(const std::vector<float>& triangle, std::vector<int32_t> order, double damping) {
  const auto n = static_cast<int64_t>(order.size());
  const double mean = std::max(mean_of_diagonal(triangle, n), std::numeric_limits<double>::min());
  double added = damping * mean;
  Square lower = reversed(triangle, order, added);
  int tries = 0;
  while (!factor_in_place(lower)) {
    if (++tries > kMostDampings) fail(ErrorCode::bad_input, "a Hessian cannot be factored: its numbers are damaged");
    added = std::max(10 * added, 1e-6 * mean);
    lower = Square(0);  // never two of them
    lower = reversed(triangle, order, added);
  }
  invert_in_place(lower);

  HessianFactor factor;
  factor.columns = n;
  factor.upper.resize(static_cast<size_t>(n * n));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      factor.upper[static_cast<size_t>((n - 1 - i) * n + n - 1 - j)] = static_cast<float>(lower.row(i)[j]);
    }
  }
  for (int64_t i = 0; i < n; ++i) factor.diagonal.push_back(static_cast<float>(at(triangle, i, i) + added));
  factor.order = std::move(order);
  return factor;
}

}  // namespace adze::quantize
