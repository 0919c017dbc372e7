// linear with f32 activations on AVX2: two registers hold one number of each of 16 rows, half of a tile at a time.
// clang-format off: the operations come first
#include "ops/linear/scale_rows_avx2.h"
#include "ops/linear/float_tile.h"
#include "ops/linear/rows16_widen.h"
// clang-format on

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 6;
constexpr int kMaxPlainTokens = 2;

void widen(PlainNumber type, const uint8_t* group, int64_t numbers, float* tile) {
  widen_group(type, group, numbers, tile);
}

void decode(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& codes, float* tile) {
  unpack_tile(layout, record, blocks, 0, codes);
  decode_tile(layout, codes, blocks, tile);
}

template <int kTokens>
void run_half(const float* tile, const float* panel, int64_t numbers, float* sums) {
  __m256 low[kTokens], high[kTokens];
#pragma GCC unroll 6
  for (int t = 0; t < kTokens; ++t) {
    low[t] = _mm256_loadu_ps(sums + t * kTileRows);
    high[t] = _mm256_loadu_ps(sums + t * kTileRows + 8);
  }
  for (int64_t k = 0; k < numbers; ++k, tile += kTileRows, panel += kTokens) {
    const __m256 low_weights = _mm256_loadu_ps(tile);
    const __m256 high_weights = _mm256_loadu_ps(tile + 8);
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) {
      const __m256 x = _mm256_broadcast_ss(panel + t);
      low[t] = _mm256_fmadd_ps(low_weights, x, low[t]);
      high[t] = _mm256_fmadd_ps(high_weights, x, high[t]);
    }
  }
#pragma GCC unroll 6
  for (int t = 0; t < kTokens; ++t) {
    _mm256_storeu_ps(sums + t * kTileRows, low[t]);
    _mm256_storeu_ps(sums + t * kTileRows + 8, high[t]);
  }
}

template <int kTokens>
void run(const float* tile, const float* panel, int64_t numbers, float* sums) {
  run_half<kTokens>(tile, panel, numbers, sums);
  run_half<kTokens>(tile + 16, panel, numbers, sums + 16);
}

typedef void (*Run)(const float* tile, const float* panel, int64_t numbers, float* sums);

constexpr Run kRuns[kMaxTokens + 1] = {nullptr, run<1>, run<2>, run<3>, run<4>, run<5>, run<6>};

void multiply(const float* tile, const float* panel, int64_t numbers, int tokens, float* sums) {
  kRuns[tokens](tile, panel, numbers, sums);
}

template <PlainNumber kType>
inline __m256 load_lanes(const uint8_t* from) {
  if constexpr (kType == PlainNumber::f32) return _mm256_loadu_ps(reinterpret_cast<const float*>(from));
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  if constexpr (kType == PlainNumber::f16) return _mm256_cvtph_ps(halves);
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

template <int kTokens>
struct PlainRun {
  template <PlainNumber kType>
  static void run(const PlainGroups& groups, const float* panel, int64_t numbers, float* sums) {
    constexpr int64_t kBytes = kType == PlainNumber::f32 ? 4 : 2;
    __m256 sum[kTokens][4];
#pragma GCC unroll 2
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) sum[t][i] = _mm256_loadu_ps(sums + t * kTileRows + 8 * i);
    }
    for (int64_t k = 0; k < numbers; ++k, panel += kTokens) {
      const uint8_t* low = groups.low + k * kGroupRows * kBytes;
      const uint8_t* high = groups.high + k * kGroupRows * kBytes;
      const __m256 weights[4] = {load_lanes<kType>(low), load_lanes<kType>(low + 8 * kBytes), load_lanes<kType>(high),
                                 load_lanes<kType>(high + 8 * kBytes)};
#pragma GCC unroll 2
      for (int t = 0; t < kTokens; ++t) {
        const __m256 x = _mm256_broadcast_ss(panel + t);
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) sum[t][i] = _mm256_fmadd_ps(weights[i], x, sum[t][i]);
      }
    }
#pragma GCC unroll 2
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) _mm256_storeu_ps(sums + t * kTileRows + 8 * i, sum[t][i]);
    }
  }

  static void run_any(const PlainGroups& groups, const float* panel, int64_t numbers, float* sums) {
    if (groups.type == PlainNumber::f16) return run<PlainNumber::f16>(groups, panel, numbers, sums);
    if (groups.type == PlainNumber::bf16) return run<PlainNumber::bf16>(groups, panel, numbers, sums);
    run<PlainNumber::f32>(groups, panel, numbers, sums);
  }
};

void multiply_plain(const PlainGroups& groups, const float* panel, int64_t numbers, int tokens, float* sums) {
  typedef void (*RunPlain)(const PlainGroups& groups, const float* panel, int64_t numbers, float* sums);
  static constexpr RunPlain kPlainRuns[kMaxPlainTokens + 1] = {nullptr, PlainRun<1>::run_any, PlainRun<2>::run_any};
  kPlainRuns[tokens](groups, panel, numbers, sums);
}

}  // namespace

const F32Kernels kF32KernelsAvx2 = {kMaxTokens, kMaxPlainTokens, widen, decode, multiply, multiply_plain};

}  // namespace adze::ops
