// Orthogonal matrices that spread outliers over all numbers of a vector, and are quick to multiply with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace adze::transforms {

enum class RotationKind {
  hadamard,    // entries of equal size; where there is no such matrix, orthogonal
  orthogonal,  // a random orthogonal matrix
};

/// Q = (S (x) B) D / sqrt(n): random signs D, a Sylvester-Hadamard matrix S of a power of two, a small matrix B. The
/// same on every machine.
class Rotation {
 public:
  /// For vectors of `size` numbers. Error(unsupported) where B would have more than kLargestDense rows.
  Rotation(int64_t size, RotationKind kind, uint64_t seed);

  int64_t size() const { return size_; }
  /// "Hadamard 16 x 36", "Hadamard 64 x orthogonal 9".
  std::string description() const;

  /// x becomes Q x, in place, for `lanes` vectors side by side: [size][lanes]. `scratch` is resized.
  void apply(double* values, int64_t lanes, std::vector<double>& scratch) const;

  /// The same for each run of size() numbers of a row of `count`. REQUIRES: count is a multiple of size().
  void apply_to_row(double* values, int64_t count, std::vector<double>& scratch) const;

  static constexpr int64_t kLargestDense = 4096;

 private:
  void multiply_base(double* values, int64_t lanes, std::vector<double>& scratch) const;

  int64_t size_;
  int64_t power_of_two_;
  int64_t base_size_;
  bool is_hadamard_ = true;
  std::vector<double> base_;   // [base, base]
  std::vector<double> signs_;  // [size], with the factor that makes Q orthogonal
};

}  // namespace adze::transforms
