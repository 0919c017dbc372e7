#include "transforms/rotation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "transforms/hadamard.h"

namespace adze::transforms {
namespace {

/// Steele, Lea, Flood 2014: independent-looking words from a counter.
class SplitMix {
 public:
  explicit SplitMix(uint64_t seed) : state_(seed * 0xD1342543DE82EF95u + 1) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  /// Nearly normal: the sum of twelve even numbers, with sums and products alone.
  double next_normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(next() >> 11) * 0x1p-53;
    return sum;
  }

 private:
  uint64_t state_;
};

double dot(const double* a, const double* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

// Gram and Schmidt's way, twice, so that rows are orthogonal to the last bits.
std::vector<double> random_orthogonal(int64_t n, SplitMix& random) {
  std::vector<double> rows(static_cast<size_t>(n * n));
  for (double& value : rows) value = random.next_normal();
  for (int64_t i = 0; i < n; ++i) {
    double* row = rows.data() + i * n;
    for (int pass = 0; pass < 2; ++pass) {
      for (int64_t k = 0; k < i; ++k) {
        const double* other = rows.data() + k * n;
        const double share = dot(row, other, n);
        for (int64_t j = 0; j < n; ++j) row[j] -= share * other[j];
      }
      const double length = std::sqrt(dot(row, row, n));
      for (int64_t j = 0; j < n; ++j) row[j] /= length;
    }
  }
  return rows;
}

// Sums and differences of neighbours `run` numbers apart, for runs of 1, 2, 4 … times `run`.
void multiply_sylvester(double* values, int64_t run, int64_t count) {
  for (; run < count; run *= 2) {
    for (int64_t first = 0; first < count; first += 2 * run) {
      double* a = values + first;
      double* b = a + run;
      for (int64_t i = 0; i < run; ++i) {
        const double sum = a[i] + b[i];
        b[i] = a[i] - b[i];
        a[i] = sum;
      }
    }
  }
}

}  // namespace

Rotation::Rotation(int64_t size, RotationKind kind, uint64_t seed) : size_(size), power_of_two_(1), base_size_(size) {
  const auto factors = kind == RotationKind::hadamard ? hadamard_factors(size) : std::nullopt;
  is_hadamard_ = factors.has_value();
  if (factors) {
    power_of_two_ = factors->power_of_two;
    base_size_ = factors->base;
  } else if (kind == RotationKind::hadamard) {
    while (base_size_ % 2 == 0) base_size_ /= 2;
    power_of_two_ = size / base_size_;
  }
  if (size < 1 || base_size_ > kLargestDense) {
    fail(ErrorCode::unsupported, "no rotation of {} numbers: it would take a dense matrix of {} rows", size,
         base_size_);
  }
  SplitMix random(seed);
  if (is_hadamard_) {
    const auto entries = paley_hadamard(base_size_);
    base_.assign(entries.begin(), entries.end());
  } else {
    base_ = random_orthogonal(base_size_, random);
  }
  const double length = 1 / std::sqrt(static_cast<double>(is_hadamard_ ? size : power_of_two_));
  for (int64_t i = 0; i < size; ++i) signs_.push_back(random.next() >> 63 ? -length : length);
}

std::string Rotation::description() const {
  if (is_hadamard_ && base_size_ == 1) return fmt::format("Hadamard {}", size_);
  if (is_hadamard_) return fmt::format("Hadamard {} x {}", power_of_two_, base_size_);
  if (power_of_two_ == 1) return fmt::format("orthogonal {}", size_);
  return fmt::format("Hadamard {} x orthogonal {}", power_of_two_, base_size_);
}

void Rotation::multiply_base(double* values, int64_t lanes, std::vector<double>& scratch) const {
  scratch.resize(static_cast<size_t>(base_size_ * lanes));
  for (int64_t part = 0; part < power_of_two_; ++part) {
    double* own = values + part * base_size_ * lanes;
    std::fill(scratch.begin(), scratch.end(), 0.0);
    for (int64_t i = 0; i < base_size_; ++i) {
      double* out = scratch.data() + i * lanes;
      for (int64_t k = 0; k < base_size_; ++k) {
        const double factor = base_[static_cast<size_t>(i * base_size_ + k)];
        const double* in = own + k * lanes;
        for (int64_t lane = 0; lane < lanes; ++lane) out[lane] += factor * in[lane];
      }
    }
    std::copy(scratch.begin(), scratch.end(), own);
  }
}

void Rotation::apply(double* values, int64_t lanes, std::vector<double>& scratch) const {
  for (int64_t i = 0; i < size_; ++i) {
    double* own = values + i * lanes;
    for (int64_t lane = 0; lane < lanes; ++lane) own[lane] *= signs_[static_cast<size_t>(i)];
  }
  if (base_size_ > 1) multiply_base(values, lanes, scratch);
  multiply_sylvester(values, base_size_ * lanes, size_ * lanes);
}

void Rotation::apply_to_row(double* values, int64_t count, std::vector<double>& scratch) const {
  for (int64_t first = 0; first < count; first += size_) apply(values + first, 1, scratch);
}

}  // namespace adze::transforms
