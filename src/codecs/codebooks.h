// The codebooks of the IQ types. Four or eight numbers share one code, which stands for a point of a codebook; the
// points are magnitudes (IQ2, IQ3) whose signs are stored apart, or -1, 0, 1 (IQ1).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace adze::codecs {

// As in codebooks_from_gguf.cpp: the numbers of a point's levels, the first number in the lowest bits.
extern const std::array<uint16_t, 2048> kPackedIq1;
extern const std::array<uint16_t, 256> kPackedIq2Xxs;
extern const std::array<uint16_t, 512> kPackedIq2Xs;
extern const std::array<uint16_t, 1024> kPackedIq2S;
extern const std::array<uint16_t, 256> kPackedIq3Xxs;
extern const std::array<uint16_t, 512> kPackedIq3S;

template <size_t kDimensions>
using Point = std::array<int8_t, kDimensions>;

template <size_t kPoints, size_t kDimensions>
using Codebook = std::array<Point<kDimensions>, kPoints>;

// What the level numbers stand for.
inline constexpr std::array<int8_t, 4> kIq1Levels = {-1, 0, 1, 0};
inline constexpr std::array<int8_t, 4> kIq2Levels = {8, 25, 43, 0};
inline constexpr std::array<int8_t, 8> kIq3XxsLevels = {4, 12, 20, 28, 36, 44, 52, 62};
inline constexpr std::array<int8_t, 8> kIq3SLevels = {1, 3, 5, 7, 9, 11, 13, 15};

/// The points in their levels' values.
template <size_t kPoints, size_t kLevels, size_t kDimensions = kLevels == 4 ? 8 : 4>
Codebook<kPoints, kDimensions> unpack_codebook(const std::array<uint16_t, kPoints>& packed,
                                               const std::array<int8_t, kLevels>& levels) {
  constexpr size_t kBits = 16 / kDimensions;
  Codebook<kPoints, kDimensions> points;
  for (size_t p = 0; p < kPoints; ++p) {
    for (size_t i = 0; i < kDimensions; ++i) points[p][i] = levels[packed[p] >> (kBits * i) & (kLevels - 1)];
  }
  return points;
}

const Codebook<2048, 8>& iq1_codebook();
const Codebook<256, 8>& iq2_xxs_codebook();
const Codebook<512, 8>& iq2_xs_codebook();
const Codebook<1024, 8>& iq2_s_codebook();
const Codebook<256, 4>& iq3_xxs_codebook();
const Codebook<512, 4>& iq3_s_codebook();

/// The types with 7 bits for the signs of eight numbers negate an even count of them, so bit 7 follows.
constexpr uint8_t signs_of_seven_bits(uint32_t seven_bits) {
  return static_cast<uint8_t>(seven_bits | static_cast<uint32_t>(std::popcount(seven_bits) & 1) << 7);
}

/// values[i] = scale * point[i], negated where bit i of `signs` is set.
template <size_t kDimensions>
void write_signed_point(float scale, const Point<kDimensions>& point, uint8_t signs, float* values) {
  for (size_t i = 0; i < kDimensions; ++i) {
    const float magnitude = scale * static_cast<float>(point[i]);
    values[i] = signs >> i & 1 ? -magnitude : magnitude;
  }
}

}  // namespace adze::codecs
