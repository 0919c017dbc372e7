// Random numbers that are the same on every machine.
#pragma once

#include <cstdint>

namespace adze::runtime {

/// SplitMix64 (Steele, Lea and Flood 2014): tiny, and good enough to draw tokens.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  /// From 0 to below 1, in steps of 2^-53.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  uint64_t next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

}  // namespace adze::runtime
