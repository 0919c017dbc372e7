// Without intrinsics: what the compiler makes of plain loops.
#include <numeric>

#include "evaluate/machine_loops.h"

namespace adze::evaluate {
namespace {

constexpr int kSums = 16;

template <typename Sum, typename Factor>
void multiply_add(int64_t rounds) {
  Sum sums[kSums];
  std::iota(sums, sums + kSums, Sum{});  // different, so that each has to be made
  const volatile Factor a = 3;
  const volatile Factor b = 5;
  for (int64_t round = 0; round < rounds; ++round) {
    for (Sum& sum : sums) sum += static_cast<Sum>(a) * static_cast<Sum>(b);
  }
  volatile Sum result = std::accumulate(sums, sums + kSums, Sum{});
  static_cast<void>(result);
}

uint64_t read(const uint8_t* bytes, int64_t count) {
  uint64_t total = 0;
  for (int64_t at = 0; at < count; at += 8) {
    uint64_t word;
    __builtin_memcpy(&word, bytes + at, sizeof word);
    total += word;
  }
  return total;
}

}  // namespace

const MachineLoops kMachineLoopsScalar = {{"plain 32-bit integers", kSums, multiply_add<uint32_t, uint8_t>},
                                          {"plain floats", kSums, multiply_add<float, float>},
                                          read};

}  // namespace adze::evaluate
