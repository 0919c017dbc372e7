// The loops of lane_fit_kernel.h, 16 lanes at a time.
#include <immintrin.h>

#include "codecs/lane_fit_kernel.h"

namespace adze::codecs {
namespace {

/// Tables of sixteen fit into a register, so four comparisons find the place.
struct PermuteThresholds {
  static __m512i place(const LevelTable& table, __m512 value) {
    const __m512 thresholds = _mm512_loadu_ps(table.threshold);
    __m512i at = _mm512_set1_epi32(7);
    for (int step = 4; step > 0; step /= 2) {
      const auto above = _mm512_cmp_ps_mask(value, _mm512_permutexvar_ps(at, thresholds), _CMP_GT_OQ);
      const __m512i below = _mm512_sub_epi32(at, _mm512_set1_epi32(step));
      at = _mm512_mask_add_epi32(below, above, at, _mm512_set1_epi32(step));
    }
    const auto above = _mm512_cmp_ps_mask(value, _mm512_permutexvar_ps(at, thresholds), _CMP_GT_OQ);
    return _mm512_mask_add_epi32(at, above, at, _mm512_set1_epi32(1));
  }
  static __m512 level(const LevelTable& table, __m512 value) {
    return _mm512_permutexvar_ps(place(table, value), _mm512_loadu_ps(table.level));
  }
  static __m512 index(const LevelTable& table, __m512 value) { return _mm512_cvtepi32_ps(place(table, value)); }
};

}  // namespace

constinit const LaneFitKernels kLaneFitAvx512 = LaneKernel<16, PermuteThresholds>::table();

}  // namespace adze::codecs
