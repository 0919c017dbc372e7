// linear with f32 activations on AVX-512: two registers hold one number of each of 32 rows.
// clang-format off: the operations come first
#include "ops/linear/scale_rows_avx512.h"
#include "ops/linear/float_tile.h"
#include "ops/linear/rows16_widen.h"
// clang-format on

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 12;
constexpr int kMaxPlainTokens = 4;
// At which plain rows are fetched, into the second cache and then into the first; the processor's own fetching stops at
// the ends of pages.
constexpr int kFarBytes = 8192, kNearBytes = 1024;

void widen(PlainNumber type, const uint8_t* group, int64_t numbers, float* tile) {
  widen_group(type, group, numbers, tile);
}

void decode(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& codes, float* tile) {
  unpack_tile(layout, record, blocks, 0, codes);
  decode_tile(layout, codes, blocks, tile);
}

template <int kTokens>
void run(const float* tile, const float* panel, int64_t numbers, float* sums) {
  __m512 low[kTokens], high[kTokens];
#pragma GCC unroll 12
  for (int t = 0; t < kTokens; ++t) {
    low[t] = _mm512_loadu_ps(sums + t * kTileRows);
    high[t] = _mm512_loadu_ps(sums + t * kTileRows + 16);
  }
  for (int64_t k = 0; k < numbers; ++k, tile += kTileRows, panel += kTokens) {
    const __m512 low_weights = _mm512_loadu_ps(tile);
    const __m512 high_weights = _mm512_loadu_ps(tile + 16);
#pragma GCC unroll 12
    for (int t = 0; t < kTokens; ++t) {
      const __m512 x = _mm512_set1_ps(panel[t]);
      low[t] = _mm512_fmadd_ps(low_weights, x, low[t]);
      high[t] = _mm512_fmadd_ps(high_weights, x, high[t]);
    }
  }
#pragma GCC unroll 12
  for (int t = 0; t < kTokens; ++t) {
    _mm512_storeu_ps(sums + t * kTileRows, low[t]);
    _mm512_storeu_ps(sums + t * kTileRows + 16, high[t]);
  }
}

typedef void (*Run)(const float* tile, const float* panel, int64_t numbers, float* sums);

constexpr Run kRuns[kMaxTokens + 1] = {nullptr, run<1>, run<2>, run<3>,  run<4>,  run<5>, run<6>,
                                       run<7>,  run<8>, run<9>, run<10>, run<11>, run<12>};

void multiply(const float* tile, const float* panel, int64_t numbers, int tokens, float* sums) {
  kRuns[tokens](tile, panel, numbers, sums);
}

template <PlainNumber kType>
inline __m512 load_lanes(const uint8_t* from) {
  if constexpr (kType == PlainNumber::f32) return _mm512_loadu_ps(from);
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  if constexpr (kType == PlainNumber::f16) return _mm512_cvtph_ps(halves);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

/// Fetches what comes behind the line that number k of 16 rows begins, if it begins one.
template <int64_t kStep>
inline __attribute__((always_inline)) void fetch_behind(const uint8_t* group, int64_t k) {
  if (k * kStep % 64 != 0) return;
  constexpr int kSecondCache = 2, kFirstCache = 3;
  __builtin_prefetch(group + k * kStep + kFarBytes, 0, kSecondCache);
  __builtin_prefetch(group + k * kStep + kNearBytes, 0, kFirstCache);
}

template <int kTokens>
struct PlainRun {
  template <PlainNumber kType>
  static void run(const PlainGroups& groups, const float* panel, int64_t numbers, float* sums) {
    constexpr int64_t kStep = kGroupRows * (kType == PlainNumber::f32 ? 4 : 2);
    __m512 low[kTokens], high[kTokens];
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      low[t] = _mm512_loadu_ps(sums + t * kTileRows);
      high[t] = _mm512_loadu_ps(sums + t * kTileRows + 16);
    }
    for (int64_t k = 0; k < numbers; ++k, panel += kTokens) {
      fetch_behind<kStep>(groups.low, k);
      fetch_behind<kStep>(groups.high, k);
      const __m512 low_weights = load_lanes<kType>(groups.low + k * kStep);
      const __m512 high_weights = load_lanes<kType>(groups.high + k * kStep);
#pragma GCC unroll 4
      for (int t = 0; t < kTokens; ++t) {
        const __m512 x = _mm512_set1_ps(panel[t]);
        low[t] = _mm512_fmadd_ps(low_weights, x, low[t]);
        high[t] = _mm512_fmadd_ps(high_weights, x, high[t]);
      }
    }
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      _mm512_storeu_ps(sums + t * kTileRows, low[t]);
      _mm512_storeu_ps(sums + t * kTileRows + 16, high[t]);
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
  static constexpr RunPlain kPlainRuns[kMaxPlainTokens + 1] = {nullptr, PlainRun<1>::run_any, PlainRun<2>::run_any,
                                                               PlainRun<3>::run_any, PlainRun<4>::run_any};
  kPlainRuns[tokens](groups, panel, numbers, sums);
}

}  // namespace

const F32Kernels kF32KernelsAvx512 = {kMaxTokens, kMaxPlainTokens, widen, decode, multiply, multiply_plain};

}  // namespace adze::ops
