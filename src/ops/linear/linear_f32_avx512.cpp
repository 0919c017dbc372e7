// linear with f32 activations on AVX-512: two registers hold one number of each of 32 rows.
#include <immintrin.h>

#include "ops/linear/float_tile.h"
#include "ops/linear/rows16_widen.h"

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 12;

struct WidenHalf {
  void operator()(const uint8_t* from, float* to) const {
    _mm512_storeu_ps(to, _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))));
  }
};

void widen(PlainNumber type, const uint8_t* group, int64_t numbers, float* tile) {
  widen_group(type, group, numbers, WidenHalf{}, tile);
}

void decode(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& codes, float* tile) {
  unpack_tile(layout, record, blocks, WidenHalf{}, 0, codes);
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

}  // namespace

const F32Kernels kF32KernelsAvx512 = {kMaxTokens, widen, decode, multiply};

}  // namespace adze::ops
