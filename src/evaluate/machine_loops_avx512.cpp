// AVX-512 with VNNI: 64-byte registers, 8-bit products in one instruction.
#include <immintrin.h>

#include "evaluate/machine_loops.h"

namespace adze::evaluate {
namespace {

// Latency times units, and some: sums that do not wait for each other.
constexpr int kSums = 16;
constexpr int kStreams = 4;
constexpr int64_t kAheadBytes = 2048;

void multiply_add_int8(int64_t rounds) {
  __m512i sums[kSums];
#pragma GCC unroll 32
  for (__m512i& sum : sums) {
    sum = _mm512_setzero_si512();
    __asm__ volatile("" : "+v"(sum));  // equal sums would be added up once
  }
  __m512i a = _mm512_set1_epi8(3);
  __m512i b = _mm512_set1_epi8(-5);
  for (int64_t round = 0; round < rounds; ++round) {
    __asm__ volatile("" : "+v"(a), "+v"(b));  // factors that the compiler does not know
#pragma GCC unroll 32
    for (__m512i& sum : sums) sum = _mm512_dpbusd_epi32(sum, a, b);
  }
#pragma GCC unroll 32
  for (__m512i& sum : sums) __asm__ volatile("" : "+v"(sum));
}

void multiply_add_f32(int64_t rounds) {
  __m512 sums[kSums];
#pragma GCC unroll 32
  for (__m512& sum : sums) {
    sum = _mm512_setzero_ps();
    __asm__ volatile("" : "+v"(sum));  // equal sums would be added up once
  }
  __m512 a = _mm512_set1_ps(0.5f);
  __m512 b = _mm512_set1_ps(1e-9f);
  for (int64_t round = 0; round < rounds; ++round) {
    __asm__ volatile("" : "+v"(a), "+v"(b));
#pragma GCC unroll 32
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(a, b, sum);
  }
#pragma GCC unroll 32
  for (__m512& sum : sums) __asm__ volatile("" : "+v"(sum));
}

// Several streams with hints ahead: the hardware's own prefetching stops at the end of a page.
uint64_t read(const uint8_t* bytes, int64_t count) {
  const int64_t part = count / kStreams;
  __m512i sums[kStreams];
#pragma GCC unroll 32
  for (__m512i& sum : sums) sum = _mm512_setzero_si512();
  for (int64_t at = 0; at < part; at += 64) {
#pragma GCC unroll 4
    for (int stream = 0; stream < kStreams; ++stream) {
      const uint8_t* line = bytes + stream * part + at;
      _mm_prefetch(reinterpret_cast<const char*>(line + kAheadBytes), _MM_HINT_T0);
      sums[stream] = _mm512_add_epi64(sums[stream], _mm512_loadu_si512(line));
    }
  }
  for (int stream = 1; stream < kStreams; ++stream) sums[0] = _mm512_add_epi64(sums[0], sums[stream]);
  return static_cast<uint64_t>(_mm512_reduce_add_epi64(sums[0]));
}

}  // namespace

const MachineLoops kMachineLoopsAvx512 = {
    {"vpdpbusd, 64 bytes", kSums * 64, multiply_add_int8}, {"vfmadd, 64 bytes", kSums * 16, multiply_add_f32}, read};

}  // namespace adze::evaluate
