// The fields of a block of the family of group codecs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "codecs/group_codecs.h"

namespace adze::codecs {

/// What a stored scale stands for, and the nearest that can be stored of a number. Scales are finite; those of e8m0 are
/// powers of two and those of e4m3 are not negative.
float load_scale(GroupScale type, const uint8_t* bytes);
void store_scale(GroupScale type, float value, uint8_t* bytes);
float nearest_scale(GroupScale type, float value);

/// The levels by code; empty for integers. NaN where a code stands for none.
std::span<const float> group_level_table(GroupLevels levels);
float largest_level(GroupLevels levels);
/// The code of the nearest level. REQUIRES: levels other than integers.
uint8_t nearest_level_code(GroupLevels levels, float wanted);

/// `count` codes of `bits` bits, lowest first; REQUIRES: the first begins at a byte.
void unpack_codes(const uint8_t* bytes, int bits, int64_t count, uint8_t* codes);
void pack_codes(const uint8_t* codes, int bits, int64_t count, uint8_t* bytes);

void encode_groups(const GroupLayout& layout, const float* values, const float* importance, std::byte* packed,
                   int64_t count);

struct GroupBlock {
  const uint8_t* scale;
  const uint8_t* offset;
  const uint8_t* codes;

  GroupBlock(const GroupLayout& layout, const std::byte* packed)
      : scale(reinterpret_cast<const uint8_t*>(packed)),
        offset(scale + layout.scale_bytes()),
        codes(offset + layout.offset_bytes()) {}
};

struct MutableGroupBlock {
  uint8_t* scale;
  uint8_t* offset;
  uint8_t* codes;

  MutableGroupBlock(const GroupLayout& layout, std::byte* packed)
      : scale(reinterpret_cast<uint8_t*>(packed)),
        offset(scale + layout.scale_bytes()),
        codes(offset + layout.offset_bytes()) {}
};

}  // namespace adze::codecs
