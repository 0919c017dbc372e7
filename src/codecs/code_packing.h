// Where the codes of a block lie, which come in the order of their numbers; the file of each codec explains it.
#pragma once

#include <algorithm>
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

// And back.

inline void unpack_nibbles(const uint8_t* low, int count, uint8_t* codes) {
  for (int j = 0; j < count; ++j) {
    codes[j] = low[j] & 15;
    codes[j + count] = low[j] >> 4;
  }
}

inline void unpack_pairs_of_nibbles(const uint8_t* low, uint8_t* codes) {
  for (int pair = 0; pair < 4; ++pair) unpack_nibbles(low + 32 * pair, 32, codes + 64 * pair);
}

inline void add_fifth_bits(const uint8_t* high, uint8_t* codes) {
  const uint32_t bits = load_u32(high);
  for (int j = 0; j < kBlockElements; ++j) codes[j] = static_cast<uint8_t>(codes[j] | (bits >> j & 1) << 4);
}

inline void add_quarters(const uint8_t* bytes, int shift, uint8_t* codes) {
  for (int i = 0; i < 64; ++i) {
    uint8_t* first = codes + 128 * (i / 32) + i % 32;
    for (int k = 0; k < 4; ++k)
      first[32 * k] = static_cast<uint8_t>(first[32 * k] | (bytes[i] >> (2 * k) & 3) << shift);
  }
}

inline void add_eighths(const uint8_t* bytes, int shift, uint8_t* codes) {
  for (int j = 0; j < 32; ++j) {
    for (int k = 0; k < 8; ++k) {
      codes[32 * k + j] = static_cast<uint8_t>(codes[32 * k + j] | (bytes[j] >> k & 1) << shift);
    }
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

inline void pack_codes(const uint8_t* codes, BlockNVFP4& block) {
  for (int g = 0; g < 4; ++g) pack_nibbles(codes + 16 * g, 8, block.low + 8 * g);
}

template <typename Block>
void unpack_codes(const Block& block, uint8_t* codes) {
  static_assert(sizeof block.low == kBlockElements / 2);
  unpack_nibbles(block.low, kBlockElements / 2, codes);
  if constexpr (requires { block.high; }) add_fifth_bits(block.high, codes);
}

inline void unpack_codes(const BlockQ2_K& block, uint8_t* codes) {
  std::fill_n(codes, kSuperBlockElements, uint8_t{0});
  add_quarters(block.low, 0, codes);
}

inline void unpack_codes(const BlockQ3_K& block, uint8_t* codes) {
  std::fill_n(codes, kSuperBlockElements, uint8_t{0});
  add_quarters(block.low, 0, codes);
  add_eighths(block.high, 2, codes);
}

inline void unpack_codes(const BlockQ4_K& block, uint8_t* codes) { unpack_pairs_of_nibbles(block.low, codes); }

inline void unpack_codes(const BlockQ5_K& block, uint8_t* codes) {
  unpack_pairs_of_nibbles(block.low, codes);
  add_eighths(block.high, 4, codes);
}

inline void unpack_codes(const BlockQ6_K& block, uint8_t* codes) {
  unpack_nibbles(block.low, 64, codes);
  unpack_nibbles(block.low + 64, 64, codes + 128);
  add_quarters(block.high, 4, codes);
}

inline void unpack_codes(const BlockIQ4_XS& block, uint8_t* codes) {
  for (int g = 0; g < 8; ++g) unpack_nibbles(block.low + 16 * g, 16, codes + 32 * g);
}

inline void unpack_codes(const BlockNVFP4& block, uint8_t* codes) {
  for (int g = 0; g < 4; ++g) unpack_nibbles(block.low + 8 * g, 8, codes + 16 * g);
}

}  // namespace adze::codecs
