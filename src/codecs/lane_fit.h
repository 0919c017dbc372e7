// Choosing scales for blocks of numbers, sixteen blocks side by side.
//
// A block is approximated as x[i] ~ scale * code[i] + offset with integer codes. Each block lives in one lane and
// every sum runs over its elements in order, so a vector unit of any width computes the same floats as a plain
// loop over one block: the bytes we write do not depend on the processor.
#pragma once

#include <cstdint>

namespace adze::codecs {

inline constexpr int kLanes = 16;
inline constexpr int kMaxLaneElements = 256;

/// Sixteen blocks of `elements` numbers each; lane l of x[i] is element i of block l. Unused lanes are zero.
struct alignas(64) LaneBlocks {
  float x[kMaxLaneElements][kLanes];  // finite, magnitude at most kMaxMagnitude
  float w[kMaxLaneElements][kLanes];  // weight of the squared error, in [0, 1]
  float weight[kLanes];               // sum of w over the elements
  int elements = kMaxLaneElements;
};

/// Up to sixteen uneven levels in ascending order.
struct LevelTable {
  float level[16];
  float threshold[16];  // halfway between level i and i + 1; infinite where there is no further level
};

/// Codes are the integers from `lowest` to `highest`, both included, or else the levels of a table between them.
struct CodeRange {
  float lowest;
  float highest;
  const LevelTable* levels = nullptr;
};

/// By how many codes the smallest number lies below the range, and the largest above it; negative is within.
struct Overhang {
  float below;
  float above;
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

/// NaN becomes 0, what is too large kMaxMagnitude.
float finite_value(float value);

/// Negative and NaN weights become 0, huge ones finite.
float finite_weight(float weight);

/// Weights above this, and infinite ones, are clamped to it.
inline constexpr float kMaxWeight = 1e30f;

/// Fills the lanes with `blocks` (1 to 16) consecutive blocks of a multiple of 16 elements. NaN becomes 0, infinities
/// the largest magnitude. `importance` may be null; negative and NaN weights count as 0. The weights are not usable
/// before one of the next three.
void load_lanes(const float* values, const float* importance, int elements, int blocks, LaneBlocks& lanes);

void set_equal_weights(LaneBlocks& lanes);

/// Divides the weights of every `lanes_together` lanes by their largest, so that no sum can overflow or vanish. Where
/// all are zero, all become one.
void normalize_weights(LaneBlocks& lanes, int lanes_together);

/// How the K types weight errors when no importance is given: numbers of large magnitude count a little more.
/// Normalized as above.
void set_magnitude_weights(LaneBlocks& lanes, int lanes_together);

FitSums measure_fit(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit);

/// The nearest codes themselves, minus range.lowest, or the numbers of levels, in the order in which the numbers were
/// loaded: those of lane l begin at l * elements.
struct alignas(64) LaneCodes {
  uint8_t code[kLanes * kMaxLaneElements];
};
LaneCodes nearest_codes(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit);

enum class OffsetRule {
  none,           // offset is zero
  free,           // any offset
  never_positive  // offset <= 0
};

struct FitRules {
  CodeRange range;
  OffsetRule offset;
  bool f16_scales;           // scale and offset are rounded to (finite) f16 before they are judged
  bool bf16_scales = false;  // or to bf16
};

/// The nearest finite f16 value.
float nearest_f16(float value);
/// The nearest bf16 value. REQUIRES: a magnitude that is far from the largest.
float nearest_bf16(float value);

/// From `start` takes the nearest codes, the least-squares fit for these, and so on, `rounds` times.
/// Returns what measured best, rounded to f16 if the rules say so.
LaneFit descend(const LaneBlocks& lanes, const FitRules& rules, const LaneFit& start, int rounds);

}  // namespace adze::codecs
