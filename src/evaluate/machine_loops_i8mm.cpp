// NEON with 8-bit matrix products: thirty-two multiply-adds in one instruction. The rest is NEON's.
#include <arm_neon.h>

#include "evaluate/machine_loops.h"

namespace adze::evaluate {
namespace {

constexpr int kSums = 20;

void multiply_add_int8(int64_t rounds) {
  int32x4_t sums[kSums];
#pragma GCC unroll 32
  for (int32x4_t& sum : sums) {
    sum = vdupq_n_s32(0);
    __asm__ volatile("" : "+w"(sum));  // equal sums would be added up once
  }
  int8x16_t a = vdupq_n_s8(3);
  int8x16_t b = vdupq_n_s8(-5);
  for (int64_t round = 0; round < rounds; ++round) {
    __asm__ volatile("" : "+w"(a), "+w"(b));  // factors that the compiler does not know
#pragma GCC unroll 32
    for (int32x4_t& sum : sums) sum = vmmlaq_s32(sum, a, b);
  }
#pragma GCC unroll 32
  for (int32x4_t& sum : sums) __asm__ volatile("" : "+w"(sum));
}

}  // namespace

const MultiplyAddLoop kInt8LoopI8mm = {"smmla, 16 bytes", kSums * 32, multiply_add_int8};

}  // namespace adze::evaluate
