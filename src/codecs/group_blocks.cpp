#include "codecs/group_blocks.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "codecs/block_access.h"
#include "codecs/float8.h"
#include "codecs/lane_fit.h"
#include "codecs/uneven_levels.h"

namespace adze::codecs {
namespace {

/// The largest exponent byte that is a number.
constexpr int kHighestExponent = 254;

uint8_t nearest_e8m0(float value) {
  if (!(value > 0)) return 0;
  int exponent;
  const float mantissa = std::frexp(value, &exponent);  // in [1/2, 1)
  if (mantissa < 0.70710678f) --exponent;               // the nearest on a logarithmic scale
  return static_cast<uint8_t>(std::clamp(exponent + 127, 0, kHighestExponent));
}

template <size_t kCount, typename LevelOf>
std::array<float, kCount> levels_by_code(const LevelOf& level_of) {
  std::array<float, kCount> levels;
  for (size_t code = 0; code < kCount; ++code) levels[code] = level_of(static_cast<uint8_t>(code));
  return levels;
}

// One code at a time, for what does not fill whole bytes.
void unpack_one_by_one(const uint8_t* bytes, int bits, int64_t first, int64_t count, uint8_t* codes) {
  for (int64_t i = first; i < count; ++i) {
    const int64_t bit = i * bits;
    unsigned word = bytes[bit / 8];
    if (bit % 8 + bits > 8) word |= static_cast<unsigned>(bytes[bit / 8 + 1]) << 8;
    codes[i] = static_cast<uint8_t>(word >> (bit % 8) & ((1u << bits) - 1));
  }
}

// Eight codes are as many bytes as a code has bits.
template <int kBits>
void unpack_eights(const uint8_t* bytes, int64_t count, uint8_t* codes) {
  int64_t i = 0;
  for (; i + 8 <= count; i += 8, bytes += kBits) {
    uint64_t word = 0;
    std::memcpy(&word, bytes, kBits);
    for (int k = 0; k < 8; ++k) codes[i + k] = static_cast<uint8_t>(word >> (kBits * k) & ((1u << kBits) - 1));
  }
  unpack_one_by_one(bytes, kBits, 0, count - i, codes + i);
}

}  // namespace

float load_scale(GroupScale type, const uint8_t* bytes) {
  switch (type) {
    case GroupScale::float16:
      return load_f16(bytes);
    case GroupScale::bfloat16:
      return bf16_to_f32(load_u16(bytes));
    case GroupScale::float32:
      return std::bit_cast<float>(load_u32(bytes));
    case GroupScale::e8m0:
      return e8m0_to_f32(*bytes);
    case GroupScale::e4m3:
      return e4m3_to_f32(*bytes);
  }
  return 0;
}

void store_scale(GroupScale type, float value, uint8_t* bytes) {
  switch (type) {
    case GroupScale::float16:
      return store_f16(bytes, nearest_f16(value));
    case GroupScale::bfloat16:
      return store_u16(bytes, f32_to_bf16(value));
    case GroupScale::float32:
      return store_u32(bytes, std::bit_cast<uint32_t>(value));
    case GroupScale::e8m0:
      *bytes = nearest_e8m0(value);
      return;
    case GroupScale::e4m3:
      *bytes = nearest_e4m3(std::max(value, 0.0f));
      return;
  }
}

float nearest_scale(GroupScale type, float value) {
  uint8_t bytes[4];
  store_scale(type, value, bytes);
  return load_scale(type, bytes);
}

std::span<const float> group_level_table(GroupLevels levels) {
  static const auto e2m1 = levels_by_code<16>([](uint8_t code) { return 0.5f * static_cast<float>(kFp4Levels[code]); });
  static const auto e4m3 = levels_by_code<256>(e4m3_to_f32);
  static const auto e5m2 = levels_by_code<256>(
      [](uint8_t code) { return (code & 0x7C) == 0x7C ? std::numeric_limits<float>::quiet_NaN() : e5m2_to_f32(code); });
  switch (levels) {
    case GroupLevels::integers:
      return {};
    case GroupLevels::nf4:
      return kNf4Levels;
    case GroupLevels::e2m1:
      return e2m1;
    case GroupLevels::e4m3:
      return e4m3;
    case GroupLevels::e5m2:
      return e5m2;
  }
  return {};
}

float largest_level(GroupLevels levels) {
  return levels == GroupLevels::e2m1   ? 6.0f
         : levels == GroupLevels::e4m3 ? 448.0f
         : levels == GroupLevels::e5m2 ? 57344.0f
                                       : 1.0f;
}

uint8_t nearest_level_code(GroupLevels levels, float wanted) {
  if (levels == GroupLevels::e4m3) return nearest_e4m3(wanted);
  if (levels == GroupLevels::e5m2) return nearest_e5m2(wanted);
  const LevelTable& table = levels == GroupLevels::nf4 ? kNf4Table : kFp4Table;
  const float value = levels == GroupLevels::nf4 ? wanted : 2 * wanted;
  uint8_t index = 0;
  for (int i = 0; i < 15; ++i) index = static_cast<uint8_t>(index + (value > table.threshold[i]));
  return levels == GroupLevels::nf4 ? index : fp4_code_of_index(index);
}

void unpack_codes(const uint8_t* bytes, int bits, int64_t count, uint8_t* codes) {
  switch (bits) {
    case 2:
      return unpack_eights<2>(bytes, count, codes);
    case 3:
      return unpack_eights<3>(bytes, count, codes);
    case 4:
      return unpack_eights<4>(bytes, count, codes);
    case 5:
      return unpack_eights<5>(bytes, count, codes);
    case 6:
      return unpack_eights<6>(bytes, count, codes);
    default:
      std::memcpy(codes, bytes, static_cast<size_t>(count));
  }
}

void pack_codes(const uint8_t* codes, int bits, int64_t count, uint8_t* bytes) {
  unsigned word = 0;
  int filled = 0;
  for (int64_t i = 0; i < count; ++i) {
    word |= static_cast<unsigned>(codes[i]) << filled;
    for (filled += bits; filled >= 8; filled -= 8, word >>= 8) *bytes++ = static_cast<uint8_t>(word);
  }
  if (filled > 0) *bytes = static_cast<uint8_t>(word);
}

}  // namespace adze::codecs
