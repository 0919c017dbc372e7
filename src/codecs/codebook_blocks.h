// The loop that the encoders of all codebook types share.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codebook_fit.h"
#include "codecs/scale_search.h"
#include "codecs/super_block_fit.h"

namespace adze::codecs {

/// Runs `write(fit, lane, block)` for every super-block; its groups are the lanes from `lane` on.
template <typename Block, typename Write>
void fit_blocks(const float* values, const float* importance, std::byte* packed, int64_t count,
                const CodebookLayout& layout, const Write& write) {
  auto* blocks = blocks_at<Block>(packed);
  const int elements = kSuperBlockElements / layout.groups;
  for_each_lane_group(values, importance, count, elements, [&](LaneBlocks& lanes, int used, int64_t first) {
    importance ? normalize_weights(lanes, layout.groups) : set_magnitude_weights(lanes, layout.groups);
    const CodebookFit fit = fit_codebook(lanes, layout);
    for (int lane = 0; lane < used; lane += layout.groups) {
      write(fit, lane, blocks[(first + lane) / layout.groups]);
    }
  });
}

/// Four times seven signs of a group of 32 and its scale, as IQ2_XXS and IQ3_XXS store them.
inline uint32_t pack_signs_and_scale(const CodebookFit& fit, int lane) {
  uint32_t word = static_cast<uint32_t>(fit.group_scale[lane]) << 28;
  for (int eight = 0; eight < 4; ++eight) word |= static_cast<uint32_t>(fit.signs[eight][lane] & 127) << (7 * eight);
  return word;
}

}  // namespace adze::codecs
