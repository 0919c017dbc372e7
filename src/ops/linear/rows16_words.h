// Words of four bytes, gathered from 16 rows and spread over planes: portable vector code, 16 bytes at a time.
//
// A word row is the same word of 16 rows, one behind the other: 64 bytes, as many as a plane.
#pragma once

#include <cstdint>

#include "ops/linear/rows16.h"

namespace adze::ops {

typedef uint32_t Words4 __attribute__((vector_size(16)));
typedef uint16_t Halves8 __attribute__((vector_size(16)));
typedef uint8_t Bytes16 __attribute__((vector_size(16)));

template <typename Vector>
inline Vector load(const uint8_t* bytes) {
  Vector vector;
  __builtin_memcpy(&vector, bytes, sizeof vector);
  return vector;
}
template <typename Vector>
inline void store(uint8_t* bytes, Vector vector) {
  __builtin_memcpy(bytes, &vector, sizeof vector);
}

/// words[d] = word d of the 16 rows, for four words d that start at `rows[r] + offset`.
inline void gather_four_words(const uint8_t* const* rows, size_t offset, uint8_t* words) {
  for (int row = 0; row < kGroupRows; row += 4) {
    const auto a = load<Words4>(rows[row] + offset);
    const auto b = load<Words4>(rows[row + 1] + offset);
    const auto c = load<Words4>(rows[row + 2] + offset);
    const auto d = load<Words4>(rows[row + 3] + offset);
    const Words4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    const Words4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const Words4 ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const Words4 cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    uint8_t* out = words + 4 * row;
    store<Words4>(out, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5));
    store<Words4>(out + kPlaneBytes, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7));
    store<Words4>(out + 2 * kPlaneBytes, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
    store<Words4>(out + 3 * kPlaneBytes, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
  }
}

/// `count` is a multiple of 4.
inline void gather_words(const uint8_t* const* rows, size_t offset, int count, uint8_t* words) {
  for (int word = 0; word < count; word += 4)
    gather_four_words(rows, offset + static_cast<size_t>(4 * word), words + word * kPlaneBytes);
}

/// out[g][r] = rows[r][g]: 16 bytes of 16 rows.
inline void transpose_bytes(const uint8_t (*rows)[kGroupRows], uint8_t* out) {
  Bytes16 state[2][kGroupRows];
  for (int r = 0; r < kGroupRows; ++r) state[0][r] = load<Bytes16>(rows[r]);
  for (int round = 0; round < 4; ++round) {
    const Bytes16* from = state[round % 2];
    Bytes16* to = state[1 - round % 2];
    for (int r = 0; r < 8; ++r) {
      to[2 * r] = __builtin_shufflevector(from[r], from[r + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      to[2 * r + 1] =
          __builtin_shufflevector(from[r], from[r + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
  }
  for (int g = 0; g < kGroupRows; ++g) store<Bytes16>(out + g * kGroupRows, state[0][g]);
}

/// The planes of a block whose quad q has its field of kBits bits at bit `shift` of each byte of word row q.
template <int kBits>
inline void spread_field(const uint8_t* words, int shift, uint8_t* planes) {
  constexpr int kInPlane = 8 / kBits;
  constexpr auto kMask = static_cast<uint16_t>(((1 << kBits) - 1) * 0x0101);
  for (int plane = 0; plane < kBits; ++plane) {
    for (int at = 0; at < kPlaneBytes; at += 16) {
      Halves8 sum{};
      for (int i = 0; i < kInPlane; ++i) {
        const int quad = kBits == 4 ? plane + 4 * i : plane * kInPlane + i;
        sum |= (load<Halves8>(words + quad * kPlaneBytes + at) >> shift & kMask) << (kBits * i);
      }
      store<Halves8>(planes + plane * kPlaneBytes + at, sum);
    }
  }
}

/// The planes of one field in the blocks of a record.
struct FieldPlanes {
  uint8_t* first;
  int blocks;
  int stride;  // bytes from block to block
};

/// The planes of blocks whose codes are bytes of word rows, kQuads word rows a block; the field is at bit `shift`.
template <int kBits>
inline void spread_byte_codes(const uint8_t* words, int shift, const FieldPlanes& planes) {
  for (int block = 0; block < planes.blocks; ++block) {
    spread_field<kBits>(words + block * kQuads * kPlaneBytes, shift, planes.first + block * planes.stride);
  }
}

/// Exchanges the bits p and p + kDistance of every word, for the set bits p of kMask.
template <int kDistance, uint32_t kMask>
inline Words4 exchange_bits(Words4 words) {
  const Words4 different = (words >> kDistance ^ words) & kMask;
  return words ^ different ^ different << kDistance;
}

/// In each word of a word row, bit 4 q + i moves to bit 8 i + q: the bits of 32 numbers in order become a plane.
inline void spread_bit_string(uint8_t* words) {
  for (int at = 0; at < kPlaneBytes; at += 16) {
    Words4 bits = load<Words4>(words + at);
    bits = exchange_bits<14, 0x0000CCCC>(bits);
    bits = exchange_bits<7, 0x00AA00AA>(bits);
    bits = exchange_bits<2, 0x0C0C0C0C>(bits);
    store<Words4>(words + at, exchange_bits<1, 0x22222222>(bits));
  }
}

/// out[k][r] = number k of row r, for 8 numbers of 2 bytes that start at `rows[r] + offset`.
inline void transpose_eight_halves(const uint8_t* const* rows, size_t offset, uint8_t* out) {
  for (int first = 0; first < kGroupRows; first += 8) {
    Halves8 state[2][8];
    for (int r = 0; r < 8; ++r) state[0][r] = load<Halves8>(rows[first + r] + offset);
    for (int round = 0; round < 3; ++round) {
      const Halves8* from = state[round % 2];
      Halves8* to = state[1 - round % 2];
      for (int r = 0; r < 4; ++r) {
        to[2 * r] = __builtin_shufflevector(from[r], from[r + 4], 0, 8, 1, 9, 2, 10, 3, 11);
        to[2 * r + 1] = __builtin_shufflevector(from[r], from[r + 4], 4, 12, 5, 13, 6, 14, 7, 15);
      }
    }
    for (int k = 0; k < 8; ++k) store<Halves8>(out + (k * kGroupRows + first) * 2, state[1][k]);
  }
}

}  // namespace adze::ops
