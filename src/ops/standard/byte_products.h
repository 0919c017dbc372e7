// Rows of 8-bit numbers and floats, one into the other or into columns, for each ISA.
// Plain structs only: files compiled for one ISA include this.
#pragma once

#include <cstdint>

namespace adze::ops {

/// numbers - zero, of unsigned bytes or signed ones.
void widen_bytes(const uint8_t* from, int64_t count, bool is_signed, int32_t zero, float* to);

/// Floats that are whole numbers, + term.
void whole_numbers(const float* from, int64_t count, int32_t term, int32_t* to);

/// (x + term) * scale, rounded to the nearest with ties to even, + zero, within the limits.
struct ByteCoding {
  float term = 0, scale = 1;
  int32_t zero = 0, least = 0, most = 255;
};
void codes_of_sums(const float* from, int64_t count, const ByteCoding& coding, uint8_t* to);

/// x / scale as `coding` says otherwise (its term and scale are not read). What is no number becomes the zero point.
void codes_of_quotients(const float* x, int64_t count, float scale, const ByteCoding& coding, uint8_t* to);

/// (number - zero) * scale
struct ByteScaling {
  bool is_signed = false;
  int32_t zero = 0;
  float scale = 1;
};
void scaled_bytes(const uint8_t* from, int64_t count, const ByteScaling& scaling, float* to);

/// Sums of scaled numbers, coded; one addend may be repeated: `b_step` 0.
struct ByteSum {
  ByteScaling a, b;
  ByteCoding coding;
  int64_t b_step = 1;
};
void add_bytes(const ByteSum& sum, const uint8_t* a, const uint8_t* b, int64_t count, uint8_t* to);

/// number ^ flip
void flip_bytes(const uint8_t* from, int64_t count, uint8_t flip, uint8_t* to);

/// Each as 16 bits.
void widen_to_words(const uint8_t* from, int64_t count, uint16_t* to);

/// sums + numbers
void add_to_sums(const uint8_t* from, int64_t count, bool is_signed, int32_t* sums);

/// Numbers of some rows, which lie one behind the other, column by column.
void interleave_rows(const uint8_t* from, int64_t rows, int64_t columns, uint8_t* to);
void interleave_rows(const uint32_t* from, int64_t rows, int64_t columns, uint32_t* to);

/// The same, one table per ISA.
struct ByteProducts {
  void (*widen_bytes)(const uint8_t* from, int64_t count, bool is_signed, int32_t zero, float* to);
  void (*whole_numbers)(const float* from, int64_t count, int32_t term, int32_t* to);
  void (*codes_of_sums)(const float* from, int64_t count, const ByteCoding& coding, uint8_t* to);
  void (*codes_of_quotients)(const float* x, int64_t count, float scale, const ByteCoding& coding, uint8_t* to);
  void (*scaled_bytes)(const uint8_t* from, int64_t count, const ByteScaling& scaling, float* to);
  void (*add_bytes)(const ByteSum& sum, const uint8_t* a, const uint8_t* b, int64_t count, uint8_t* to);
  void (*flip_bytes)(const uint8_t* from, int64_t count, uint8_t flip, uint8_t* to);
  void (*widen_to_words)(const uint8_t* from, int64_t count, uint16_t* to);
  void (*add_to_sums)(const uint8_t* from, int64_t count, bool is_signed, int32_t* sums);
  void (*interleave_bytes)(const uint8_t* from, int64_t rows, int64_t columns, uint8_t* to);
  void (*interleave_words)(const uint32_t* from, int64_t rows, int64_t columns, uint32_t* to);
};

extern const ByteProducts kByteProductsAvx512;
extern const ByteProducts kByteProductsAvx2;
extern const ByteProducts kByteProductsPortable;

}  // namespace adze::ops
