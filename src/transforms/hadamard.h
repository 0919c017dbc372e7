// Hadamard matrices: square, entries 1 and -1, rows orthogonal to each other.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace adze::transforms {

/// A Hadamard matrix of `order` rows by one of Paley's two constructions (1933), for 1, 2 and for orders q + 1 with a
/// prime q = 3 mod 4 or 2 (q + 1) with a prime q = 1 mod 4: [order, order]. Empty where neither gives one.
std::vector<int8_t> paley_hadamard(int64_t order);

/// How a Hadamard matrix of any order is put together: the Sylvester matrix of order `power_of_two` times (Kronecker)
/// a small one of order `base`.
struct HadamardFactors {
  int64_t power_of_two = 1;
  int64_t base = 1;
};

/// With the smallest base that Paley's constructions have, up to kLargestHadamardBase; none for most orders that do not
/// divide by 4.
std::optional<HadamardFactors> hadamard_factors(int64_t order);

inline constexpr int64_t kLargestHadamardBase = 4096;

}  // namespace adze::transforms
