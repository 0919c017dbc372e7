// How far two sequences of tokens are the same.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace adze::runtime {

inline int64_t shared_prefix_length(std::span<const int32_t> a, std::span<const int32_t> b) {
  return std::ranges::mismatch(a, b).in1 - a.begin();
}

}  // namespace adze::runtime
