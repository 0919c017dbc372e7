// Products of matrices of 8-bit integers, exact in i32.
#pragma once

#include <optional>
#include <vector>

#include "base/thread_pool.h"
#include "ops/standard/integer_convolution.h"
#include "tensor/host_tensor.h"

namespace adze::ops {

/// The right matrix [depth, columns] as panels of unsigned numbers.
struct PackedByteColumns {
  int64_t depth, columns;
  std::vector<uint8_t> panels;
  std::vector<int32_t> sums;   // by column
  std::vector<int32_t> zeros;  // of the unsigned numbers, by column
};
/// `turned`: b is [columns, depth]. `zeros` by column, one for all, or null. REQUIRES: u8 or i8, rank 2.
PackedByteColumns packed_byte_columns(const HostTensor& b, bool turned, const HostTensor* zeros);

struct IntegerMatrixProduct {
  const HostTensor& a;  // u8 or i8, rows of the depth one after the other
  int32_t a_zero;
  const PackedByteColumns& b;
  const int32_t* bias = nullptr;           // by column
  std::optional<IntegerResult> quantized;  // its scales by column
};
/// [rows, columns] of i32 or of codes, into `result`. REQUIRES: it has room.
void multiply_integers(const IntegerMatrixProduct& product, HostTensor& result, ThreadPool* pool);

}  // namespace adze::ops
