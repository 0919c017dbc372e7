// The loops over lanes, 16 at a time.
#include <immintrin.h>

#include "codecs/lane_kernel_table.h"

namespace adze::codecs {
namespace {

/// Tables of sixteen fit into a register, so four comparisons find the place.
struct PermuteThresholds {
  explicit PermuteThresholds(const LevelTable& table)
      : thresholds(_mm512_loadu_ps(table.threshold)), levels(_mm512_loadu_ps(table.level)) {}

  __m512i place(__m512 value) const {
    __m512i at = _mm512_set1_epi32(7);
    for (int step = 4; step > 0; step /= 2) {
      const auto above = _mm512_cmp_ps_mask(value, _mm512_permutexvar_ps(at, thresholds), _CMP_GT_OQ);
      const __m512i below = _mm512_sub_epi32(at, _mm512_set1_epi32(step));
      at = _mm512_mask_add_epi32(below, above, at, _mm512_set1_epi32(step));
    }
    const auto above = _mm512_cmp_ps_mask(value, _mm512_permutexvar_ps(at, thresholds), _CMP_GT_OQ);
    return _mm512_mask_add_epi32(at, above, at, _mm512_set1_epi32(1));
  }
  __m512 level(__m512 value) const { return _mm512_permutexvar_ps(place(value), levels); }
  __m512 index(__m512 value) const { return _mm512_cvtepi32_ps(place(value)); }

  __m512 thresholds;
  __m512 levels;
};

}  // namespace

constinit const LaneKernels kLanesAvx512 = lane_kernel_table<16, PermuteThresholds>();

}  // namespace adze::codecs
