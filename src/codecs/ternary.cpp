// TQ1_0 and TQ2_0: 256 numbers that are -1, 0 or 1 times one scale.
//
//   TQ1_0  54 bytes   48 bytes of five numbers each | 4 bytes of four numbers each | f16 scale
//   TQ2_0  66 bytes   64 bytes of four 2-bit codes each | f16 scale              value = scale * (code - 1)
//
// TQ1_0: a byte is ceil(256 v / 243) for v = 81 d0 + 27 d1 + 9 d2 + 3 d3 + d4 with digits d = number + 1 (d4 = 0 where
// there are four), so the digit n of byte b is the integer part of 3 * fraction(3^n b / 256). Bytes 0 to 31 hold the
// numbers 32 n + j, bytes 32 to 47 the numbers 160 + 16 n + (j - 32), the last four the numbers 240 + 4 n + j.
// TQ2_0: each half of 128 numbers has 32 bytes; number 32 k + j of the half is in bits 2k, 2k + 1 of byte j.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codec.h"
#include "codecs/finite_values.h"

namespace adze::codecs {
namespace {

constexpr uint8_t kPowersOfThree[5] = {1, 3, 9, 27, 81};

float decoded_digit(uint8_t byte, int digit) {
  const auto fraction = static_cast<uint8_t>(byte * kPowersOfThree[digit]);
  return static_cast<float>((fraction * 3 >> 8) - 1);
}

/// Writes digit n of byte j as number `stride` * n + j.
void decode_digits(const uint8_t* bytes, int stride, int digits, float scale, float* values) {
  for (int n = 0; n < digits; ++n) {
    for (int j = 0; j < stride; ++j) values[stride * n + j] = scale * decoded_digit(bytes[j], n);
  }
}

void decode_tq1_0(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockTQ1_0>(packed);
  for (int64_t b = 0; b < count / kSuperBlockElements; ++b, values += kSuperBlockElements) {
    const float scale = load_f16(blocks[b].scale);
    decode_digits(blocks[b].fives, 32, 5, scale, values);
    decode_digits(blocks[b].fives + 32, 16, 5, scale, values + 160);
    decode_digits(blocks[b].fours, 4, 4, scale, values + 240);
  }
}

void decode_tq2_0(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockTQ2_0>(packed);
  for (int64_t b = 0; b < count / kSuperBlockElements; ++b, values += kSuperBlockElements) {
    const float scale = load_f16(blocks[b].scale);
    for (int i = 0; i < kSuperBlockElements; ++i) {
      const int code = blocks[b].codes[32 * (i / 128) + i % 32] >> (2 * (i / 32 % 4)) & 3;
      values[i] = scale * static_cast<float>(code - 1);
    }
  }
}

/// The scale with the least weighted squared error: numbers above half of it become +-1. With the k largest magnitudes
/// chosen, the best scale is their weighted mean and removes (sum of w |x|)^2 / (sum of w) from the error, so the best
/// k is found by adding them up in descending order.
float best_ternary_scale(const FiniteBlock<kSuperBlockElements>& block) {
  // Magnitudes as integers, which order alike, with the index below.
  std::array<uint64_t, kSuperBlockElements> order;
  for (uint32_t i = 0; i < kSuperBlockElements; ++i) {
    order[i] = static_cast<uint64_t>(std::bit_cast<uint32_t>(std::fabs(block.x[i]))) << 32 | (kSuperBlockElements - i);
  }
  std::sort(order.begin(), order.end(), std::greater<>());
  double weighted = 0, weight = 0, best_gain = 0, best_scale = 0;
  for (const uint64_t key : order) {
    const auto i = kSuperBlockElements - static_cast<uint32_t>(key);
    weighted += static_cast<double>(block.w[i]) * std::fabs(block.x[i]);
    weight += block.w[i];
    if (weight > 0 && weighted * weighted / weight > best_gain) {
      best_gain = weighted * weighted / weight;
      best_scale = weighted / weight;
    }
  }
  return nearest_f16(static_cast<float>(best_scale));
}

/// Codes 0, 1, 2 for the numbers of one block; returns the scale.
float ternary_codes(const float* values, const float* importance, uint8_t* codes) {
  const FiniteBlock<kSuperBlockElements> block(values, importance);
  const float scale = best_ternary_scale(block);
  for (int i = 0; i < kSuperBlockElements; ++i) {
    codes[i] = static_cast<uint8_t>(1 + (block.x[i] > 0.5f * scale) - (block.x[i] < -0.5f * scale));
  }
  return scale;
}

/// Byte j from the codes `stride` * n + j: the fraction v / 3^5 in 256ths, rounded up.
void pack_digits(const uint8_t* codes, int stride, int digits, uint8_t* bytes) {
  for (int j = 0; j < stride; ++j) {
    int value = 0;
    for (int n = 0; n < 5; ++n) value = 3 * value + (n < digits ? codes[stride * n + j] : 0);
    bytes[j] = static_cast<uint8_t>((256 * value + 242) / 243);
  }
}

void encode_tq1_0(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockTQ1_0>(packed);
  for (int64_t at = 0; at < count; at += kSuperBlockElements, ++blocks) {
    uint8_t codes[kSuperBlockElements];
    store_f16(blocks->scale, ternary_codes(values + at, importance ? importance + at : nullptr, codes));
    pack_digits(codes, 32, 5, blocks->fives);
    pack_digits(codes + 160, 16, 5, blocks->fives + 32);
    pack_digits(codes + 240, 4, 4, blocks->fours);
  }
}

void encode_tq2_0(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockTQ2_0>(packed);
  for (int64_t at = 0; at < count; at += kSuperBlockElements, ++blocks) {
    uint8_t codes[kSuperBlockElements];
    store_f16(blocks->scale, ternary_codes(values + at, importance ? importance + at : nullptr, codes));
    for (int i = 0; i < 64; ++i) {
      const uint8_t* four = codes + 128 * (i / 32) + i % 32;
      blocks->codes[i] = static_cast<uint8_t>(four[0] | four[32] << 2 | four[64] << 4 | four[96] << 6);
    }
  }
}

}  // namespace

constinit const Codec tq1_0{{"tq1_0", "-1, 0 or 1, five in a byte, 256 share an f16 scale", 256, sizeof(BlockTQ1_0)},
                            decode_tq1_0,
                            encode_tq1_0};
constinit const Codec tq2_0{
    {"tq2_0", "-1, 0 or 1 in 2 bits, 256 share an f16 scale", 256, sizeof(BlockTQ2_0)}, decode_tq2_0, encode_tq2_0};

}  // namespace adze::codecs
