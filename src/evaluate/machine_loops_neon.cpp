// NEON: 16-byte registers; 8-bit products are widened to 16 bits and added in pairs.
#include <arm_neon.h>

#include "evaluate/machine_loops.h"

namespace adze::evaluate {
namespace {

constexpr int kSums = 20;
constexpr int kStreams = 4;

void multiply_add_int8(int64_t rounds) {
  int32x4_t sums[kSums];
#pragma GCC unroll 32
  for (int32x4_t& sum : sums) {
    sum = vdupq_n_s32(0);
    __asm__ volatile("" : "+w"(sum));  // equal sums would be added up once
  }
  int8x8_t a = vdup_n_s8(3);
  int8x8_t b = vdup_n_s8(-5);
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 32
    for (int32x4_t& sum : sums) {
      __asm__ volatile("" : "+w"(a), "+w"(b));  // factors that the compiler does not know, so no product is reused
      sum = vpadalq_s16(sum, vmull_s8(a, b));
    }
  }
#pragma GCC unroll 32
  for (int32x4_t& sum : sums) __asm__ volatile("" : "+w"(sum));
}

void multiply_add_f32(int64_t rounds) {
  float32x4_t sums[kSums];
#pragma GCC unroll 32
  for (float32x4_t& sum : sums) {
    sum = vdupq_n_f32(0);
    __asm__ volatile("" : "+w"(sum));  // equal sums would be added up once
  }
  float32x4_t a = vdupq_n_f32(0.5f);
  float32x4_t b = vdupq_n_f32(1e-9f);
  for (int64_t round = 0; round < rounds; ++round) {
    __asm__ volatile("" : "+w"(a), "+w"(b));
#pragma GCC unroll 32
    for (float32x4_t& sum : sums) sum = vfmaq_f32(sum, a, b);
  }
#pragma GCC unroll 32
  for (float32x4_t& sum : sums) __asm__ volatile("" : "+w"(sum));
}

uint64_t read(const uint8_t* bytes, int64_t count) {
  const int64_t part = count / kStreams;
  uint64x2_t sums[kStreams];
  for (uint64x2_t& sum : sums) sum = vdupq_n_u64(0);
  for (int64_t at = 0; at < part; at += 16) {
#pragma GCC unroll 4
    for (int stream = 0; stream < kStreams; ++stream) {
      sums[stream] = vaddq_u64(sums[stream], vreinterpretq_u64_u8(vld1q_u8(bytes + stream * part + at)));
    }
  }
  uint64_t total = 0;
  for (const uint64x2_t& sum : sums) total += vaddvq_u64(sum);
  return total;
}

}  // namespace

const MachineLoops kMachineLoopsNeon = {
    {"smull and sadalp, 8 bytes", kSums * 8, multiply_add_int8}, {"fmla, 16 bytes", kSums * 4, multiply_add_f32}, read};

}  // namespace adze::evaluate
