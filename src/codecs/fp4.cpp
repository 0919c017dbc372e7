// MXFP4 and NVFP4: 4-bit floats (1 sign, 2 exponent, 1 mantissa bit: 0, 0.5, 1, 1.5, 2, 3, 4, 6) with a scale per
// group.
//
//   MXFP4  17 bytes   exponent byte e | 16 bytes of codes           32 numbers, value = 2^(e - 127) * float4(code)
//   NVFP4  36 bytes   4 x unsigned e4m3 scale | 32 bytes of codes   64 numbers in 4 groups of 16
//
// MXFP4: byte j holds code j in its low nibble and code j + 16 in its high nibble. NVFP4: each group has 8 bytes, byte
// j holds code j in its low nibble and code j + 8 in its high nibble. The levels are kept doubled and the scales
// halved. An e4m3 scale has 4 exponent bits (bias 7) and 3 mantissa bits; the bytes 0 and 0x7F are zero.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codec.h"
#include "codecs/scale_search.h"
#include "codecs/uneven_levels.h"

namespace adze::codecs {
namespace {

constexpr int kNvfp4Elements = 64;
constexpr int kNvfp4GroupElements = 16;

/// 2^(e - 128): half of what the byte says, as the levels are doubled.
float half_of_exponent(uint8_t e) {
  return std::bit_cast<float>(e < 2 ? 0x00200000u << e : static_cast<uint32_t>(e - 1) << 23);
}

/// Half of what the unsigned e4m3 byte says.
float half_of_e4m3(uint8_t byte) {
  if (byte == 0x7F) return 0.0f;
  const uint32_t exponent = byte >> 3 & 15;
  const auto mantissa = static_cast<float>(byte & 7);
  if (exponent == 0) return mantissa * 0x1p-10f;
  return (1.0f + mantissa / 8.0f) * std::bit_cast<float>((exponent + 119) << 23);
}

void decode_mxfp4(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockMXFP4>(packed);
  for (int64_t b = 0; b < count / kBlockElements; ++b, values += kBlockElements) {
    const float scale = half_of_exponent(blocks[b].exponent);
    for (int j = 0; j < 16; ++j) {
      values[j] = scale * static_cast<float>(kFp4Levels[blocks[b].low[j] & 15]);
      values[j + 16] = scale * static_cast<float>(kFp4Levels[blocks[b].low[j] >> 4]);
    }
  }
}

void decode_nvfp4(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockNVFP4>(packed);
  for (int64_t b = 0; b < count / kNvfp4Elements; ++b) {
    for (int group = 0; group < 4; ++group, values += kNvfp4GroupElements) {
      const float scale = half_of_e4m3(blocks[b].scales[group]);
      const uint8_t* low = blocks[b].low + 8 * group;
      for (int j = 0; j < 8; ++j) {
        values[j] = scale * static_cast<float>(kFp4Levels[low[j] & 15]);
        values[j + 8] = scale * static_cast<float>(kFp4Levels[low[j] >> 4]);
      }
    }
  }
}

/// Numbers `j` and `j + count` share a byte.
void pack_fp4(const uint8_t* indices, int count, uint8_t* low) {
  for (int j = 0; j < count; ++j) {
    low[j] = static_cast<uint8_t>(fp4_code_of_index(indices[j]) | fp4_code_of_index(indices[j + count]) << 4);
  }
}

void largest_magnitudes(const LaneBlocks& lanes, float (&largest)[kLanes]) {
  std::fill_n(largest, kLanes, 0.0f);
  for (int i = 0; i < lanes.elements; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) largest[lane] = std::max(largest[lane], std::fabs(lanes.x[i][lane]));
  }
}

/// The best of a few scale bytes per lane.
struct ByteSearch {
  uint8_t byte[kLanes] = {};
  LaneFit fit{};
  float error[kLanes];

  ByteSearch() { std::fill_n(error, kLanes, std::numeric_limits<float>::infinity()); }

  /// Tries first[lane] + step, where it is within 0 to `highest`.
  void try_bytes(const LaneBlocks& lanes, const int (&first)[kLanes], int step, int highest,
                 float (*scale_of)(uint8_t)) {
    LaneFit candidate{};
    uint8_t bytes[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) {
      bytes[lane] = static_cast<uint8_t>(std::clamp(first[lane] + step, 0, highest));
      candidate.scale[lane] = scale_of(bytes[lane]);
    }
    const FitSums sums = measure_fit(lanes, kFp4Codes, candidate);
    for (int lane = 0; lane < kLanes; ++lane) {
      if (!(sums.error[lane] < error[lane])) continue;
      error[lane] = sums.error[lane];
      byte[lane] = bytes[lane];
      fit.scale[lane] = candidate.scale[lane];
    }
  }
};

/// The exponent byte with which the largest magnitude is at most 6 and more than 3.
int mxfp4_exponent(float largest) {
  if (largest < 0x1p-100f) return 0;
  const int exponent = static_cast<int>(std::bit_cast<uint32_t>(largest) >> 23) - 127;  // 2^exponent <= largest
  return std::max(exponent - 2 + (largest > 1.5f * std::ldexp(1.0f, exponent) ? 1 : 0) + 127, 0);
}

void encode_mxfp4(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockMXFP4>(packed);
  for_each_lane_group(values, importance, count, kBlockElements, [&](LaneBlocks& lanes, int in_group, int64_t first) {
    importance ? normalize_weights(lanes, 1) : set_equal_weights(lanes);
    float largest[kLanes];
    largest_magnitudes(lanes, largest);
    int exponents[kLanes];
    std::transform(largest, largest + kLanes, exponents, mxfp4_exponent);
    ByteSearch search;
    for (const int step : {0, -1, -2}) search.try_bytes(lanes, exponents, step, 254, half_of_exponent);
    const LaneCodes codes = nearest_codes(lanes, kFp4Codes, search.fit);
    for (int lane = 0; lane < in_group; ++lane) {
      BlockMXFP4& block = blocks[first + lane];
      block.exponent = search.byte[lane];
      pack_fp4(codes.code + lane * kBlockElements, 16, block.low);
    }
  });
}

/// The largest e4m3 byte that is not above `scale`.
int e4m3_below(float scale) {
  constexpr int kHighest = 0x7E;
  int low = 0, high = kHighest;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (2 * half_of_e4m3(static_cast<uint8_t>(middle)) <= scale) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

void encode_nvfp4(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockNVFP4>(packed);
  for_each_lane_group(values, importance, count, kNvfp4GroupElements, [&](LaneBlocks& lanes, int used, int64_t first) {
    importance ? normalize_weights(lanes, 1) : set_equal_weights(lanes);
    float largest[kLanes];
    largest_magnitudes(lanes, largest);
    int bytes[kLanes];
    std::transform(largest, largest + kLanes, bytes, [](float x) { return e4m3_below(x / 6.0f); });
    ByteSearch search;
    for (int step = 2; step >= -8; --step) search.try_bytes(lanes, bytes, step, 0x7E, half_of_e4m3);
    const LaneCodes codes = nearest_codes(lanes, kFp4Codes, search.fit);
    for (int lane = 0; lane < used; ++lane) {
      BlockNVFP4& block = blocks[(first + lane) / 4];
      const int64_t group = (first + lane) % 4;
      block.scales[group] = search.byte[lane];
      pack_fp4(codes.code + lane * kNvfp4GroupElements, 8, block.low + 8 * group);
    }
  });
}

}  // namespace

constinit const Codec mxfp4{
    {"mxfp4", "4-bit floats, 32 share a power of two", 32, sizeof(BlockMXFP4)}, decode_mxfp4, encode_mxfp4};
constinit const Codec nvfp4{
    {"nvfp4", "4-bit floats, 16 share an 8-bit float scale", kNvfp4Elements, sizeof(BlockNVFP4)},
    decode_nvfp4,
    encode_nvfp4};

}  // namespace adze::codecs
