// How codes lie in the words of an array: the one table for GPTQ, AWQ and compressed-tensors.
//
//   stream   code i at bit i * bits of the words in a row, lowest first; codes may straddle two words
//            (GPTQ, compressed-tensors: 32 codes in as many words as a code has bits)
//   padded   as many whole codes as a word has room for; the highest bits are empty (older compressed-tensors)
//   awq      eight codes of four bits; code i at nibble 0, 4, 1, 5, 2, 6, 3, 7
//   bytes    one code to a byte; signed integers with their sign bit flipped count from zero (compressed-tensors' int8)
#pragma once

#include <cstdint>
#include <span>

namespace adze::formats {

inline constexpr int kMaxUnitCodes = 32;
inline constexpr int kMaxUnitWords = 8;

/// The least number of words that hold whole codes is a unit.
struct WordPacking {
  int bits;        // of a code
  int codes;       // of a unit
  int words;       // of a unit
  int word_bytes;  // 4 or 1
  uint8_t flipped_bits = 0;
  const uint8_t* places = nullptr;  // of each code, counted in codes; null: in order

  /// Words for `length` codes one behind the other; the last unit may be cut where its codes end.
  int64_t words_for(int64_t length) const;

  void unpack(const uint32_t* unit, uint8_t* codes) const;
  void pack(const uint8_t* codes, uint32_t* unit) const;
};

/// 2, 3, 4, 5, 6 or 8 bits.
const WordPacking& stream_packing(int bits);
const WordPacking& padded_packing(int bits);
extern const WordPacking awq_packing;
extern const WordPacking byte_packing;         // unsigned, or floats
extern const WordPacking signed_byte_packing;  // int8

/// All of them, for tests.
std::span<const WordPacking* const> all_word_packings();

}  // namespace adze::formats
