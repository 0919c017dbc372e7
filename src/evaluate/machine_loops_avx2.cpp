// AVX2 with FMA: 32-byte registers; 8-bit products take three instructions, as kernels without VNNI do it.
#include <immintrin.h>

#include "evaluate/machine_loops.h"

namespace adze::evaluate {
namespace {

constexpr int kSums = 10;  // with the factors they fit 16 registers
constexpr int kStreams = 4;
constexpr int64_t kAheadBytes = 2048;

void multiply_add_int8(int64_t rounds) {
  __m256i sums[kSums];
#pragma GCC unroll 32
  for (__m256i& sum : sums) {
    sum = _mm256_setzero_si256();
    __asm__ volatile("" : "+x"(sum));  // equal sums would be added up once
  }
  __m256i a = _mm256_set1_epi8(3);
  __m256i b = _mm256_set1_epi8(-5);
  const __m256i ones = _mm256_set1_epi16(1);
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 32
    for (__m256i& sum : sums) {
      __asm__ volatile("" : "+x"(a), "+x"(b));  // factors that the compiler does not know, so no product is reused
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), ones));
    }
  }
#pragma GCC unroll 32
  for (__m256i& sum : sums) __asm__ volatile("" : "+x"(sum));
}

void multiply_add_f32(int64_t rounds) {
  __m256 sums[kSums];
#pragma GCC unroll 32
  for (__m256& sum : sums) {
    sum = _mm256_setzero_ps();
    __asm__ volatile("" : "+x"(sum));  // equal sums would be added up once
  }
  __m256 a = _mm256_set1_ps(0.5f);
  __m256 b = _mm256_set1_ps(1e-9f);
  for (int64_t round = 0; round < rounds; ++round) {
    __asm__ volatile("" : "+x"(a), "+x"(b));
#pragma GCC unroll 32
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(a, b, sum);
  }
#pragma GCC unroll 32
  for (__m256& sum : sums) __asm__ volatile("" : "+x"(sum));
}

// Several streams with hints ahead: the hardware's own prefetching stops at the end of a page.
uint64_t read(const uint8_t* bytes, int64_t count) {
  const int64_t part = count / kStreams;
  __m256i sums[kStreams];
#pragma GCC unroll 32
  for (__m256i& sum : sums) sum = _mm256_setzero_si256();
  for (int64_t at = 0; at < part; at += 64) {
#pragma GCC unroll 4
    for (int stream = 0; stream < kStreams; ++stream) {
      const uint8_t* line = bytes + stream * part + at;
      _mm_prefetch(reinterpret_cast<const char*>(line + kAheadBytes), _MM_HINT_T0);
      const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(line));
      const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(line + 32));
      sums[stream] = _mm256_add_epi64(sums[stream], _mm256_add_epi64(low, high));
    }
  }
  uint64_t lanes[4 * kStreams];
#pragma GCC unroll 4
  for (int stream = 0; stream < kStreams; ++stream) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes + 4 * stream), sums[stream]);
  }
  uint64_t total = 0;
  for (const uint64_t lane : lanes) total += lane;
  return total;
}

}  // namespace

const MachineLoops kMachineLoopsAvx2 = {
    {"vpmaddubsw, 32 bytes", kSums * 32, multiply_add_int8}, {"vfmadd, 32 bytes", kSums * 8, multiply_add_f32}, read};

}  // namespace adze::evaluate
