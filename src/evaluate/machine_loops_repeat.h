// The loops around an ISA's instructions, compiled once for each ISA. What stands in them is given as structs:
//   Products: Sum, Factor (registers), kSums (independent ones), kPerInstruction (multiply-adds), first_factor(),
//             second_factor(), multiply_add(sum, a, b), hide(register): the compiler no longer knows what is in it
//   Lines:    Sum, kAheadBytes (0: no hints), add_line(sum, 64 bytes), add(sum, sum), total(sum)
#pragma once

#include "evaluate/machine_loops.h"

namespace adze::evaluate {
namespace {

template <typename Products>
void repeat_products(int64_t rounds) {
  typename Products::Sum sums[Products::kSums];
#pragma GCC unroll 32
  for (auto& sum : sums) {
    sum = typename Products::Sum{};
    Products::hide(sum);  // equal sums would be added up once
  }
  typename Products::Factor a = Products::first_factor();
  typename Products::Factor b = Products::second_factor();
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 32
    for (auto& sum : sums) {
      Products::hide(a);  // no product is used twice
      Products::hide(b);
      sum = Products::multiply_add(sum, a, b);
    }
  }
#pragma GCC unroll 32
  for (auto& sum : sums) Products::hide(sum);
}

template <typename Products>
constexpr MultiplyAddLoop loop_of(const char* instruction) {
  return {instruction, Products::kSums * Products::kPerInstruction, repeat_products<Products>};
}

// Several streams, with hints ahead where the hardware's own prefetching stops at the end of a page.
template <typename Lines>
uint64_t read_lines(const uint8_t* bytes, int64_t count) {
  constexpr int kStreams = 4;
  const int64_t part = count / kStreams;
  typename Lines::Sum sums[kStreams];
#pragma GCC unroll 4
  for (auto& sum : sums) sum = typename Lines::Sum{};
  for (int64_t at = 0; at < part; at += 64) {
#pragma GCC unroll 4
    for (int stream = 0; stream < kStreams; ++stream) {
      const uint8_t* line = bytes + stream * part + at;
      if constexpr (Lines::kAheadBytes > 0) __builtin_prefetch(line + Lines::kAheadBytes);
      sums[stream] = Lines::add_line(sums[stream], line);
    }
  }
#pragma GCC unroll 4
  for (int stream = 1; stream < kStreams; ++stream) sums[0] = Lines::add(sums[0], sums[stream]);
  return Lines::total(sums[0]);
}

}  // namespace
}  // namespace adze::evaluate
