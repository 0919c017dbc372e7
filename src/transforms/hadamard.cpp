#include "transforms/hadamard.h"

namespace adze::transforms {
namespace {

using Matrix = std::vector<int8_t>;

bool is_prime(int64_t n) {
  if (n < 2) return false;
  for (int64_t d = 2; d * d <= n; ++d) {
    if (n % d == 0) return false;
  }
  return true;
}

// Of 0 .. q - 1: 0, 1 for squares of other numbers, -1 for the rest.
std::vector<int8_t> quadratic_characters(int64_t q) {
  std::vector<int8_t> character(static_cast<size_t>(q), -1);
  character[0] = 0;
  for (int64_t i = 1; i < q; ++i) character[static_cast<size_t>(i * i % q)] = 1;
  return character;
}

// Paley's matrix Q with a border: zero on the diagonal, 1 and -1 elsewhere, rows orthogonal; [q + 1, q + 1].
// Symmetric for q = 1 mod 4; for q = 3 mod 4 skew, when the first column is -1.
Matrix conference_matrix(int64_t q) {
  const int64_t n = q + 1;
  const auto character = quadratic_characters(q);
  Matrix c(static_cast<size_t>(n * n));
  for (int64_t i = 1; i < n; ++i) {
    c[static_cast<size_t>(i)] = 1;
    c[static_cast<size_t>(i * n)] = q % 4 == 1 ? 1 : -1;
    for (int64_t j = 1; j < n; ++j) c[static_cast<size_t>(i * n + j)] = character[static_cast<size_t>((q + i - j) % q)];
  }
  return c;
}

// I + C.
Matrix first_construction(int64_t order) {
  Matrix h = conference_matrix(order - 1);
  for (int64_t i = 0; i < order; ++i) h[static_cast<size_t>(i * order + i)] = 1;
  return h;
}

// Each 0 of C becomes [1 -1; -1 -1], each c becomes c [1 1; 1 -1].
Matrix second_construction(int64_t order) {
  const int64_t half = order / 2;
  const Matrix c = conference_matrix(half - 1);
  Matrix h(static_cast<size_t>(order * order));
  const auto put = [&](int64_t i, int64_t j, int sign) {
    h[static_cast<size_t>(i * order + j)] = static_cast<int8_t>(sign);
  };
  for (int64_t i = 0; i < half; ++i) {
    for (int64_t j = 0; j < half; ++j) {
      const int entry = c[static_cast<size_t>(i * half + j)];
      put(2 * i, 2 * j, entry ? entry : 1);
      put(2 * i, 2 * j + 1, entry ? entry : -1);
      put(2 * i + 1, 2 * j, entry ? entry : -1);
      put(2 * i + 1, 2 * j + 1, -(entry ? entry : 1));
    }
  }
  return h;
}

bool has_first(int64_t order) { return order % 4 == 0 && is_prime(order - 1); }
bool has_second(int64_t order) { return order % 4 == 0 && order / 2 % 4 == 2 && is_prime(order / 2 - 1); }
bool has_paley(int64_t order) { return order == 1 || order == 2 || has_first(order) || has_second(order); }

}  // namespace

std::vector<int8_t> paley_hadamard(int64_t order) {
  if (order == 1) return {1};
  if (order == 2) return {1, 1, 1, -1};
  if (has_first(order)) return first_construction(order);
  if (has_second(order)) return second_construction(order);
  return {};
}

std::optional<HadamardFactors> hadamard_factors(int64_t order) {
  if (order < 1) return std::nullopt;
  int64_t base = order;
  while (base % 2 == 0) base /= 2;
  for (; base <= order && base <= kLargestHadamardBase; base *= 2) {
    if (has_paley(base)) return HadamardFactors{order / base, base};
  }
  return std::nullopt;
}

}  // namespace adze::transforms
