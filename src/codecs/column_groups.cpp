#include "codecs/column_groups.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "codecs/block_access.h"
#include "codecs/group_blocks.h"

namespace adze::codecs {
namespace {

constexpr int64_t kCodesAtATime = 256;

/// The scale and zero point of every group of a row.
class RowScales {
 public:
  explicit RowScales(const GroupLayout& layout) : layout_(layout), scales_(static_cast<size_t>(layout.groups())) {}

  void load(const ColumnGroupParts<const uint8_t>& row) {
    for (size_t group = 0; group < scales_.size(); ++group) {
      const auto at = static_cast<int64_t>(group);
      const bool has_zero = layout_.offset == GroupOffset::zero_point;
      scales_[group] = {load_scale(layout_.scale, row.scales + at * layout_.scale_bytes()),
                        has_zero ? row.zero_points[at] : 1 << (layout_.bits - 1)};
    }
  }
  float value(uint8_t code, size_t group) const {
    if (group >= scales_.size()) return std::numeric_limits<float>::quiet_NaN();
    return scales_[group].scale * static_cast<float>(code - scales_[group].zero);
  }

 private:
  struct Scale {
    float scale;
    int zero;
  };
  const GroupLayout& layout_;
  std::vector<Scale> scales_;
};

}  // namespace

void decode_column_groups(const GroupLayout& layout, const std::byte* packed, float* values, int64_t count) {
  RowScales scales(layout);
  uint8_t codes[kCodesAtATime];
  for (int64_t at = 0; at < count; at += layout.columns, packed += layout.block_bytes(), values += layout.columns) {
    const ColumnGroupParts<const uint8_t> row(layout, reinterpret_cast<const uint8_t*>(packed));
    scales.load(row);
    for (int64_t first = 0; first < layout.columns; first += kCodesAtATime) {
      const int64_t together = std::min(kCodesAtATime, layout.columns - first);
      unpack_codes(row.codes + first * layout.bits / 8, layout.bits, together, codes);
      for (int64_t i = 0; i < together; ++i) {
        values[first + i] = scales.value(codes[i], load_u16(row.groups + 2 * (first + i)));
      }
    }
  }
}

}  // namespace adze::codecs
