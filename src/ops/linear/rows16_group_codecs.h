// What rows16_packing.cpp packs of the family of group codecs: integers of 2 to 8 bits in groups of 64 or a multiple,
// with a zero point, an offset or neither, and scales of any float type. Records keep scale and minimum as floats, so
// one layout for each width of codes takes them all.
#pragma once

#include "codecs/group_codecs.h"
#include "ops/linear/rows16.h"

namespace adze::ops {

/// Null for members of the family that are not packed.
const Rows16Layout* group_codec_rows16_layout(const codecs::GroupLayout& layout);

/// Packs up to 16 rows of `length` numbers, `row_bytes` apart, and zeros for the rows that are not there. Scales in f32
/// are rounded to 19 digits; minima of 8-bit codes belong to signed ones and are rounded to f32. Neither changes a
/// value by more than a thousandth of a step.
struct GroupCodecRows {
  const uint8_t* source;
  int count;
  int64_t length;
  int64_t row_bytes;
};
void pack_group_codec_rows(const codecs::GroupLayout& layout, const GroupCodecRows& rows, uint8_t* group);

}  // namespace adze::ops
