#include "ops/standard/byte_products.h"

#include "base/cpu_features.h"

namespace adze::ops {
namespace {

const ByteProducts& byte_products() {
  if constexpr (kIsX86) {
    if (isa_includes(active_isa(), Isa::avx512)) return kByteProductsAvx512;
    if (isa_includes(active_isa(), Isa::avx2)) return kByteProductsAvx2;
  }
  return kByteProductsPortable;
}

}  // namespace

void widen_bytes(const uint8_t* from, int64_t count, bool is_signed, int32_t zero, float* to) {
  byte_products().widen_bytes(from, count, is_signed, zero, to);
}

void whole_numbers(const float* from, int64_t count, int32_t term, int32_t* to) {
  byte_products().whole_numbers(from, count, term, to);
}

void codes_of_sums(const float* from, int64_t count, const ByteCoding& coding, uint8_t* to) {
  byte_products().codes_of_sums(from, count, coding, to);
}

void codes_of_quotients(const float* x, int64_t count, float scale, const ByteCoding& coding, uint8_t* to) {
  byte_products().codes_of_quotients(x, count, scale, coding, to);
}

void scaled_bytes(const uint8_t* from, int64_t count, const ByteScaling& scaling, float* to) {
  byte_products().scaled_bytes(from, count, scaling, to);
}

void add_bytes(const ByteSum& sum, const uint8_t* a, const uint8_t* b, int64_t count, uint8_t* to) {
  byte_products().add_bytes(sum, a, b, count, to);
}

void flip_bytes(const uint8_t* from, int64_t count, uint8_t flip, uint8_t* to) {
  byte_products().flip_bytes(from, count, flip, to);
}

void widen_to_words(const uint8_t* from, int64_t count, uint16_t* to) {
  byte_products().widen_to_words(from, count, to);
}

void add_to_sums(const uint8_t* from, int64_t count, bool is_signed, int32_t* sums) {
  byte_products().add_to_sums(from, count, is_signed, sums);
}

void interleave_rows(const uint8_t* from, int64_t rows, int64_t columns, uint8_t* to) {
  byte_products().interleave_bytes(from, rows, columns, to);
}
void interleave_rows(const uint32_t* from, int64_t rows, int64_t columns, uint32_t* to) {
  byte_products().interleave_words(from, rows, columns, to);
}

}  // namespace adze::ops
