// Convolutions of 8-bit integers, exact in i32: as float_convolution.h divides the work, with channels four at a time.
#pragma once

#include <optional>
#include <vector>

#include "base/thread_pool.h"
#include "ops/standard/convolution_shape.h"
#include "ops/standard/float_convolution.h"
#include "ops/standard/integer_products.h"
#include "tensor/host_tensor.h"

namespace adze::ops {

/// Of the processor, or what ADZE_FORCE_ISA pins.
const IntegerProducts& integer_products();

/// 8-bit numbers with a zero point for all of them.
struct ShiftedBytes {
  const uint8_t* numbers;
  bool is_signed;
  int32_t zero;

  /// What turns them into unsigned ones, and the zero point of those.
  uint8_t flip() const { return is_signed ? 0x80 : 0; }
  int32_t unsigned_zero() const { return zero + (is_signed ? 128 : 0); }
};

/// Filters as the kernels want them: signed, with what their sums need.
struct PackedIntegerFilters {
  std::vector<int8_t> rows;       // of each group: packed rows
  std::vector<int32_t> row_sums;  // by output channel
  std::vector<int32_t> zeros;     // of the signed numbers, by output channel; empty where all are 0
  PackedFilters floats;           // groups of one channel: without their zero points
};
/// `zeros` by output channel, or one for all. REQUIRES: u8 or i8.
PackedIntegerFilters packed_integer_filters(const Convolution& c, const HostTensor& weights, const HostTensor* zeros);

/// What 8-bit results are made of sums with.
struct IntegerResult {
  std::vector<float> scales;  // by output channel
  int32_t zero = 0, least = 0, most = 255;
};

struct IntegerConvolution {
  const Convolution& c;
  const HostTensor& x;  // u8 or i8
  int32_t x_zero;
  const PackedIntegerFilters& filters;
  const int32_t* bias;             // null: none
  const IntegerResult* quantized;  // null: sums
};
/// i32 sums, or codes of the given type.
HostTensor convolve_integers(const IntegerConvolution& convolution, StorageType type, ThreadPool* pool);

/// Whether all sums of so many products fit into i32.
bool fits_sums(int64_t depth);

/// a + b in i32, as sums of products go round: terms that a sum and its zero points bring may lie beyond.
int32_t wrapped_sum(int32_t a, int64_t b);

}  // namespace adze::ops
