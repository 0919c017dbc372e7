// Fits groups of numbers with points of a codebook, and the two levels of scales around them: the IQ1, IQ2, IQ3 types.
#pragma once

#include <cstdint>
#include <span>

#include "codecs/codebook_search.h"
#include "codecs/lane_fit.h"

namespace adze::codecs {

enum class PointSigns {
  in_codebook,  // coordinates have signs
  free,         // the codebook has magnitudes, every number its sign
  even          // of every eight numbers an even count is negative
};

struct CodebookLayout {
  const CodebookSearch& search;
  PointSigns signs;
  int groups;         // per super-block: 8 (of 32 numbers) or 16 (of 16)
  int highest_scale;  // group scales are 0 to this; a group's scale is unit * (2 * group_scale + 1)
  float unit;         // of the stored f16 scale: a power of two
  bool one_book_per_group;
  bool thorough;                  // tries the neighbours of every group scale
  std::span<const float> places;  // where to try the largest magnitude of a group, relative to the largest level
};

/// Sixteen groups, a lane for each: one or two super-blocks.
struct CodebookFit {
  float scale[2];  // f16 values, of super-block lane / groups (16 groups: both the same)
  uint8_t group_scale[kLanes];
  uint16_t code[kMaxPointsPerLane][kLanes];
  uint8_t book[kMaxPointsPerLane][kLanes];
  uint8_t signs[4][kLanes];  // of every eight numbers; bit i: number i is negative
};

/// `lanes` have normalized weights and are changed.
CodebookFit fit_codebook(LaneBlocks& lanes, const CodebookLayout& layout);

}  // namespace adze::codecs
