// The loops over lanes that have a version for each instruction set.
#pragma once

#include <cstdint>

#include "codecs/lane_fit.h"

namespace adze::codecs {

/// Both levels of scales of sixteen groups. Values of a super-block are repeated in each of its lanes.
struct alignas(64) Levels {
  float scale[kLanes];
  float minimum[kLanes];
  float group_scale[kLanes];    // integers
  float group_minimum[kLanes];  // integers
};

/// What the levels may be.
struct LevelRules {
  CodeRange codes;
  CodeRange group_scales;
  float highest_minimum;  // 0: the type has none
  int lanes_per_super_block;
  int rounds;  // of refining groups and super-block in turn
};

/// Some numbers to try.
struct Trials {
  const float* values;
  int count;
};

struct OverhangTrials {
  const Overhang* values;
  int count;
};

struct LaneKernels {
  /// out[i][lane] = values[lane * elements + i], made finite.
  void (*load)(const float* values, int elements, float (*out)[kLanes]);
  void (*load_weights)(const float* importance, int elements, float (*out)[kLanes]);
  void (*normalize)(LaneBlocks& lanes, int lanes_together);
  void (*magnitude_weights)(LaneBlocks& lanes, int lanes_together);

  void (*measure)(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit, FitSums& sums);
  void (*descend)(const LaneBlocks& lanes, const FitRules& rules, LaneFit& fit, int rounds);
  void (*find_scales)(const LaneBlocks& lanes, const FitRules& rules, Trials extreme_codes, LaneFit& fit);
  void (*find_scales_and_offsets)(const LaneBlocks& lanes, const FitRules& rules, OverhangTrials overhangs,
                                  LaneFit& fit);
  void (*search_levels)(const LaneBlocks& lanes, const LevelRules& rules, const LaneFit& wanted, Trials extreme_codes,
                        Levels& levels);
  /// Codes minus range.lowest, or the numbers of levels: out[lane * elements + i].
  void (*codes)(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit, uint8_t* out);
};

extern const LaneKernels kLanesAvx2;
extern const LaneKernels kLanesAvx512;

/// Those of the instruction set in use.
const LaneKernels& lane_kernels();

}  // namespace adze::codecs
