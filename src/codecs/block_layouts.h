// The bytes of every block type as plain structs of bytes (alignment 1, so any file offset may be overlaid).
// The file of each codec explains how the numbers are spread over the fields. Nothing but fixed-width integers
// is used here, so kernels compiled for one ISA may include it.
#pragma once

#include <cstdint>

namespace adze::codecs {

inline constexpr int kBlockElements = 32;        // numbers in a Q4_0 ... Q8_0 block
inline constexpr int kSuperBlockElements = 256;  // numbers in a K block

struct BlockQ4_0 {
  uint8_t scale[2];  // f16
  uint8_t low[16];   // code i in the low nibble of byte i, code i + 16 in its high nibble
};

struct BlockQ4_1 {
  uint8_t scale[2];
  uint8_t offset[2];
  uint8_t low[16];
};

struct BlockQ5_0 {
  uint8_t scale[2];
  uint8_t high[4];  // bit 4 of code i is bit i of this little-endian u32
  uint8_t low[16];
};

struct BlockQ5_1 {
  uint8_t scale[2];
  uint8_t offset[2];
  uint8_t high[4];
  uint8_t low[16];
};

struct BlockQ8_0 {
  uint8_t scale[2];
  uint8_t codes[32];  // int8
};

struct BlockQ2_K {
  uint8_t scales[16];  // low nibble: scale, high nibble: minimum
  uint8_t low[64];
  uint8_t scale[2];
  uint8_t minimum[2];
};

struct BlockQ3_K {
  uint8_t high[32];
  uint8_t low[64];
  uint8_t scales[12];  // 16 scales of 6 bits
  uint8_t scale[2];
};

struct BlockQ4_K {
  uint8_t scale[2];
  uint8_t minimum[2];
  uint8_t scales[12];  // 8 scales and 8 minima of 6 bits
  uint8_t low[128];
};

struct BlockQ5_K {
  uint8_t scale[2];
  uint8_t minimum[2];
  uint8_t scales[12];
  uint8_t high[32];
  uint8_t low[128];
};

struct BlockQ6_K {
  uint8_t low[128];
  uint8_t high[64];
  uint8_t scales[16];  // int8
  uint8_t scale[2];
};

static_assert(sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 && sizeof(BlockQ5_0) == 22);
static_assert(sizeof(BlockQ5_1) == 24 && sizeof(BlockQ8_0) == 34);
static_assert(sizeof(BlockQ2_K) == 84 && sizeof(BlockQ3_K) == 110 && sizeof(BlockQ4_K) == 144);
static_assert(sizeof(BlockQ5_K) == 176 && sizeof(BlockQ6_K) == 210);

}  // namespace adze::codecs
