// Where the codes of a block lie, which come in the order of their numbers; the file of each codec explains it.
#pragma once

#include <cstdint>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"

namespace adze::codecs {

inline void pack_nibbles(const uint8_t* codes, int count, uint8_t* low) {
  for (int j = 0; j < count; ++j) low[j] = static_cast<uint8_t>((codes[j] & 15) | (codes[j + count] & 15) << 4);
}

inline void pack_pairs_of_nibbles(const uint8_t* codes, uint8_t* low) {
  for (int pair = 0; pair < 4; ++pair) pack_nibbles(codes + 64 * pair, 32, low + 32 * pair);
}

inline void pack_fifth_bits(const uint8_t* codes, uint8_t* high) {
  uint32_t bits = 0;
  for (int j = 0; j < kBlockElements; ++j) bits |= static_cast<uint32_t>(codes[j] >> 4 & 1) << j;
  store_u32(high, bits);
}

// Two bits a code, four quarters of 32 to a byte, for both halves of a super-block.
inline void pack_quarters(const uint8_t* codes, int shift, uint8_t* bytes) {
  for (int i = 0; i < 64; ++i) {
    const uint8_t* first = codes + 128 * (i / 32) + i % 32;
    unsigned byte = 0;
    for (int k = 0; k < 4; ++k) byte |= static_cast<unsigned>(first[32 * k] >> shift & 3) << (2 * k);
    bytes[i] = static_cast<uint8_t>(byte);
  }
}

// One bit a code: number 32 k + j at bit k of byte j.
inline void pack_eighths(const uint8_t* codes, int shift, uint8_t* bytes) {
  for (int j = 0; j < 32; ++j) {
    unsigned byte = 0;
    for (int k = 0; k < 8; ++k) byte |= static_cast<unsigned>(codes[32 * k + j] >> shift & 1) << k;
    bytes[j] = static_cast<uint8_t>(byte);
  }
}

/// Blocks of 32 with nibbles, and fifth bits where they have them.
template <typename Block>
void pack_codes(const uint8_t* codes, Block& block) {
  static_assert(sizeof block.low == kBlockElements / 2);
  pack_nibbles(codes, kBlockElements / 2, block.low);
  if constexpr (requires { block.high; }) pack_fifth_bits(codes, block.high);
}

inline void pack_codes(const uint8_t* codes, BlockQ8_0& block) {
  for (int j = 0; j < kBlockElements; ++j) block.codes[j] = static_cast<uint8_t>(codes[j] - 127);
}

inline void pack_codes(const uint8_t* codes, BlockQ2_K& block) { pack_quarters(codes, 0, block.low); }

inline void pack_codes(const uint8_t* codes, BlockQ3_K& block) {
  pack_quarters(codes, 0, block.low);
  pack_eighths(codes, 2, block.high);
}

inline void pack_codes(const uint8_t* codes, BlockQ4_K& block) { pack_pairs_of_nibbles(codes, block.low); }

inline void pack_codes(const uint8_t* codes, BlockQ5_K& block) {
  pack_pairs_of_nibbles(codes, block.low);
  pack_eighths(codes, 4, block.high);
}

inline void pack_codes(const uint8_t* codes, BlockQ6_K& block) {
  pack_nibbles(codes, 64, block.low);
  pack_nibbles(codes + 128, 64, block.low + 64);
  pack_quarters(codes, 4, block.high);
}

inline void pack_codes(const uint8_t* codes, BlockIQ4_XS& block) {
  for (int g = 0; g < 8; ++g) pack_nibbles(codes + 32 * g, 16, block.low + 16 * g);
}

}  // namespace adze::codecs
