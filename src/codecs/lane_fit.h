// Choosing scales for blocks of numbers, sixteen blocks side by side.
//
// A block is approximated as x[i] ~ scale * code[i] + offset with integer codes. Each block lives in one lane and
// every sum runs over its elements in order, so a vector unit of any width computes the same floats as a plain
// loop over one block: the bytes we write do not depend on the processor.
#pragma once

#include <cstdint>

namespace adze::codecs {

inline constexpr int kLanes = 16;
inline constexpr int kMaxLaneElements = 32;

/// Sixteen blocks of `elements` numbers each; lane l of x[i] is element i of block l. Unused lanes are zero.
struct alignas(64) LaneBlocks {
  float x[kMaxLaneElements][kLanes];  // finite, magnitude at most kMaxMagnitude
  float w[kMaxLaneElements][kLanes];  // weight of the squared error, in [0, 1]
  int elements = kMaxLaneElements;
};

/// Codes go from `lowest` to `highest`, both included.
struct CodeRange {
  float lowest;
  float highest;
};

struct alignas(64) LaneFit {
  float scale[kLanes];
  float offset[kLanes];
};

/// What a fit with the nearest codes c[i] leaves over: r[i] = x[i] - (scale * c[i] + offset), weighted sums of it.
struct alignas(64) FitSums {
  float error[kLanes];          // w r r
  float residual[kLanes];       // w r
  float residual_code[kLanes];  // w r c
  float code[kLanes];           // w c
  float code_code[kLanes];      // w c c
};

/// Larger magnitudes (and infinities) are clamped to this before encoding: it exceeds what any block type can
/// hold, and its square times all codes and weights stays finite.
inline constexpr float kMaxMagnitude = 1e9f;

/// Fills the lanes with `blocks` (1 to 16) consecutive blocks. NaN becomes 0, infinities the largest magnitude.
/// `importance` may be null (all ones); negative and NaN weights count as 0, a block of zeros as all ones.
void load_lanes(const float* values, const float* importance, int elements, int blocks, LaneBlocks& lanes);

/// Divides the weights of each lane by their largest, so that no sum can overflow or vanish.
void normalize_weights(LaneBlocks& lanes);

FitSums measure_fit(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit);

/// The nearest codes themselves, minus range.lowest.
void nearest_codes(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit, uint8_t (*codes)[kLanes]);

enum class OffsetRule {
  none,           // offset is zero
  free,           // any offset
  never_positive  // offset <= 0
};

struct FitRules {
  CodeRange range;
  OffsetRule offset;
  bool f16_scales;  // scale and offset are rounded to (finite) f16 before they are judged
};

/// The nearest finite f16 value.
float nearest_f16(float value);

/// Starts at `start` and `rounds` times replaces scale and offset by the least-squares optimum for the current
/// codes. Wherever the measured error is below `best_error`, takes over that fit and error.
void descend(const LaneBlocks& lanes, const FitRules& rules, const LaneFit& start, int rounds, LaneFit& best,
             float (&best_error)[kLanes]);

}  // namespace adze::codecs
