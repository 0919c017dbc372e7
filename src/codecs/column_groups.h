// Blocks of the family of group codecs whose columns name their group; group_codecs.h has the layout.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codecs/group_codecs.h"

namespace adze::codecs {

/// The parts of one row, to read (Byte const) or to write.
template <typename Byte>
struct ColumnGroupParts {
  Byte* scales;
  Byte* zero_points;  // one byte each, where the layout has them
  Byte* groups;       // u16 of each column
  Byte* codes;

  ColumnGroupParts(const GroupLayout& layout, Byte* row)
      : scales(row),
        zero_points(scales + layout.groups() * layout.scale_bytes()),
        groups(zero_points + layout.groups() * layout.offset_bytes()),
        codes(groups + 2 * layout.columns) {}
};

/// Columns in a group beyond the last become NaN.
void decode_column_groups(const GroupLayout& layout, const std::byte* packed, float* values, int64_t count);

}  // namespace adze::codecs
