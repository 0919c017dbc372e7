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

struct BlockIQ1_S {
  uint8_t scale[2];
  uint8_t low[32];   // low 8 bits of the codes
  uint8_t high[16];  // 8 x u16: upper 3 bits of four codes, group scale, sign of the shift
};

struct BlockIQ1_M {
  uint8_t low[32];
  uint8_t high[16];   // two codes a byte: upper 3 bits and the sign of the shift
  uint8_t scales[8];  // 4 x u16: four group scales of 3 bits, a nibble of the f16 scale
};

struct BlockIQ2_XXS {
  uint8_t scale[2];
  uint8_t groups[64];  // 8 x (four codes of 8 bits, u32: four times 7 sign bits, group scale)
};

struct BlockIQ2_XS {
  uint8_t scale[2];
  uint8_t codes[64];  // 32 x u16: code of 9 bits, 7 sign bits
  uint8_t scales[8];  // nibbles
};

struct BlockIQ2_S {
  uint8_t scale[2];
  uint8_t low[32];
  uint8_t signs[32];
  uint8_t high[8];
  uint8_t scales[8];  // nibbles
};

struct BlockIQ3_XXS {
  uint8_t scale[2];
  uint8_t codes[64];
  uint8_t groups[32];  // 8 x u32: four times 7 sign bits, group scale
};

struct BlockIQ3_S {
  uint8_t scale[2];
  uint8_t low[64];
  uint8_t high[8];
  uint8_t signs[32];
  uint8_t scales[4];  // nibbles
};

struct BlockIQ4_NL {
  uint8_t scale[2];
  uint8_t low[16];  // as Q4_0
};

struct BlockIQ4_XS {
  uint8_t scale[2];
  uint8_t scales_high[2];  // 8 x 2 bits
  uint8_t scales_low[4];   // nibbles
  uint8_t low[128];
};

struct BlockTQ1_0 {
  uint8_t fives[48];  // five numbers a byte
  uint8_t fours[4];   // four numbers a byte
  uint8_t scale[2];
};

struct BlockTQ2_0 {
  uint8_t codes[64];
  uint8_t scale[2];
};

struct BlockMXFP4 {
  uint8_t exponent;
  uint8_t low[16];  // as Q4_0
};

struct BlockNVFP4 {
  uint8_t scales[4];  // unsigned e4m3 per 16 numbers
  uint8_t low[32];
};

struct BlockQ1_0 {
  uint8_t scale[2];
  uint8_t signs[16];
};

struct BlockQ2_0 {
  uint8_t scale[2];
  uint8_t codes[16];
};

static_assert(sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 && sizeof(BlockQ5_0) == 22);
static_assert(sizeof(BlockQ5_1) == 24 && sizeof(BlockQ8_0) == 34);
static_assert(sizeof(BlockQ2_K) == 84 && sizeof(BlockQ3_K) == 110 && sizeof(BlockQ4_K) == 144);
static_assert(sizeof(BlockQ5_K) == 176 && sizeof(BlockQ6_K) == 210);
static_assert(sizeof(BlockIQ1_S) == 50 && sizeof(BlockIQ1_M) == 56 && sizeof(BlockIQ2_XXS) == 66);
static_assert(sizeof(BlockIQ2_XS) == 74 && sizeof(BlockIQ2_S) == 82 && sizeof(BlockIQ3_XXS) == 98);
static_assert(sizeof(BlockIQ3_S) == 110 && sizeof(BlockIQ4_NL) == 18 && sizeof(BlockIQ4_XS) == 136);
static_assert(sizeof(BlockTQ1_0) == 54 && sizeof(BlockTQ2_0) == 66 && sizeof(BlockMXFP4) == 17);
static_assert(sizeof(BlockNVFP4) == 36 && sizeof(BlockQ1_0) == 18 && sizeof(BlockQ2_0) == 18);

}  // namespace adze::codecs
