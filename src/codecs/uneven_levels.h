// What the 4-bit codes of the types with uneven levels stand for, in integers that a scale multiplies.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "codecs/lane_fit.h"

namespace adze::codecs {

/// IQ4_NL, IQ4_XS.
inline constexpr std::array<int8_t, 16> kIq4Levels = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                      1,    13,   25,  38,  53,  69,  89,  113};

/// MXFP4, NVFP4: floats with 2 exponent bits and 1 mantissa bit, doubled so that they are integers. Bit 3 is the sign.
inline constexpr std::array<int8_t, 16> kFp4Levels = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// NF4: quantiles of a normal distribution, scaled to end at 1, and an exact zero (bitsandbytes).
inline constexpr std::array<float, 16> kNf4Levels = {
    -1.0f,
    -0.6961928009986877f,
    -0.5250730514526367f,
    -0.39491748809814453f,
    -0.28444138169288635f,
    -0.18477343022823334f,
    -0.09105003625154495f,
    0.0f,
    0.07958029955625534f,
    0.16093020141124725f,
    0.24611230194568634f,
    0.33791524171829224f,
    0.44070982933044434f,
    0.5626170039176941f,
    0.7229568362236023f,
    1.0f,
};

/// The distinct levels in ascending order, with the thresholds between them.
template <typename Level>
constexpr LevelTable make_level_table(std::array<Level, 16> levels) {
  std::sort(levels.begin(), levels.end());
  const auto end = std::unique(levels.begin(), levels.end());
  const auto count = static_cast<size_t>(end - levels.begin());
  LevelTable table{};
  for (size_t i = 0; i < 16; ++i) table.level[i] = levels[std::min(i, count - 1)];
  for (size_t i = 0; i < 16; ++i) {
    const bool last = i + 1 >= count;
    table.threshold[i] = last ? std::numeric_limits<float>::infinity()
                              : 0.5f * (table.level[i] + table.level[std::min<size_t>(i + 1, 15)]);
  }
  return table;
}

inline constexpr LevelTable kIq4Table = make_level_table(kIq4Levels);
inline constexpr LevelTable kFp4Table = make_level_table(kFp4Levels);
inline constexpr LevelTable kNf4Table = make_level_table(kNf4Levels);

/// The codes of IQ4_NL and IQ4_XS are indices of kIq4Table.
inline constexpr CodeRange kIq4Codes{-127, 113, &kIq4Table};

/// The codes of NF4 are indices of kNf4Table.
inline constexpr CodeRange kNf4Codes{-1, 1, &kNf4Table};

/// The codes of 4-bit floats follow from the indices of kFp4Table: -12 ... -1, 0, 1 ... 12.
inline constexpr CodeRange kFp4Codes{-12, 12, &kFp4Table};
constexpr uint8_t fp4_code_of_index(uint8_t index) {
  return static_cast<uint8_t>(index >= 7 ? index - 7 : 8 + 7 - index);
}

}  // namespace adze::codecs
