// Encoding of the family of group codecs. Integers up to a few hundred to a group, and levels of a small table, go
// through the search that the other block types share; the rest is searched one group at a time.
#include <algorithm>
#include <cmath>
#include <vector>

#include "codecs/group_blocks.h"
#include "codecs/group_search.h"
#include "codecs/scale_search.h"
#include "codecs/uneven_levels.h"

namespace adze::codecs {
namespace {

FitRules rules_of(const GroupLayout& layout, CodeRange range, OffsetRule offset) {
  return {range, offset, layout.scale == GroupScale::float16, layout.scale == GroupScale::bfloat16};
}

/// Where the extreme number of a group may lie, for codes from -half to half - 1.
std::vector<float> extreme_codes(float half) {
  std::vector<float> codes = {-half, half - 1, half, 1 - half};
  for (const float share : {1.15f, 1.1f, 1.05f, 0.95f, 0.9125f, 0.875f}) {
    codes.push_back(-share * half);
    codes.push_back(share * half);
  }
  return codes;
}

/// Of 16 levels between -1 and 1, in the order that is tried.
constexpr std::array kExtremeLevels = {1.0f, -1.0f, 1.1f, -1.1f, 1.05f, -1.05f, 0.95f, -0.95f, 0.9f, -0.9f};
/// Of the doubled 4-bit floats.
constexpr std::array kExtremeFloats = {12.0f, -12.0f, 8.0f, -8.0f, 13.0f, -13.0f, 11.0f, -11.0f, 9.0f, -9.0f};

/// Codes in lanes, with what becomes of them on the way into a block.
struct LaneCodec {
  const GroupLayout& layout;
  CodeRange range;
  float scale_factor = 1;  // stored scale / scale of the levels

  LaneFit fit(const LaneBlocks& lanes) const {
    if (layout.offset == GroupOffset::offset) {
      return find_scales_and_offsets(lanes, rules_of(layout, range, OffsetRule::free), kAllOverhangs);
    }
    const FitRules rules = rules_of(layout, range, OffsetRule::none);
    if (layout.levels == GroupLevels::nf4) return find_scales(lanes, rules, kExtremeLevels);
    if (layout.levels == GroupLevels::e2m1) return find_scales(lanes, rules, kExtremeFloats);
    return find_scales(lanes, rules, extreme_codes(-range.lowest));
  }

  void store(const LaneFit& fit, LaneCodes& codes, int lane, std::byte* packed) const {
    const MutableGroupBlock block(layout, packed);
    store_scale(layout.scale, scale_factor * fit.scale[lane], block.scale);
    if (layout.offset == GroupOffset::offset) store_scale(layout.scale, fit.offset[lane], block.offset);
    uint8_t* own = codes.code + lane * layout.group;
    if (layout.levels == GroupLevels::e2m1) std::transform(own, own + layout.group, own, fp4_code_of_index);
    pack_codes(own, layout.bits, layout.group, block.codes);
  }

  void encode(const float* values, const float* importance, std::byte* packed, int64_t count) const {
    const auto elements = static_cast<int>(layout.group);
    for_each_lane_group(values, importance, count, elements, [&](LaneBlocks& lanes, int used, int64_t first) {
      importance ? normalize_weights(lanes, 1) : set_equal_weights(lanes);
      const LaneFit best = fit(lanes);
      LaneCodes codes = nearest_codes(lanes, range, best);
      for (int lane = 0; lane < used; ++lane) {
        store(best, codes, lane, packed + (first + lane) * layout.block_bytes());
      }
    });
  }
};

bool has_float_scale(const GroupLayout& layout) {
  return layout.scale == GroupScale::float16 || layout.scale == GroupScale::bfloat16 ||
         layout.scale == GroupScale::float32;
}

std::optional<LaneCodec> lane_codec(const GroupLayout& layout) {
  if (layout.group > kMaxLaneElements || layout.group % kLanes != 0 || !has_float_scale(layout)) return std::nullopt;
  if (layout.offset == GroupOffset::zero_point) return std::nullopt;
  switch (layout.levels) {
    case GroupLevels::integers: {
      const float lowest = layout.offset == GroupOffset::none ? -static_cast<float>(1 << (layout.bits - 1)) : 0.0f;
      return LaneCodec{layout, {lowest, lowest + static_cast<float>((1 << layout.bits) - 1)}};
    }
    case GroupLevels::nf4:
      return LaneCodec{layout, kNf4Codes};
    case GroupLevels::e2m1:
      return LaneCodec{layout, kFp4Codes, 2};
    case GroupLevels::e4m3:
    case GroupLevels::e5m2:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

void encode_groups(const GroupLayout& layout, const float* values, const float* importance, std::byte* packed,
                   int64_t count) {
  if (const auto lanes = lane_codec(layout)) return lanes->encode(values, importance, packed, count);
  GroupSearch search(layout);
  for (int64_t at = 0; at < count; at += layout.group, packed += layout.block_bytes()) {
    search.encode(values + at, importance ? importance + at : nullptr, packed);
  }
}

}  // namespace adze::codecs
