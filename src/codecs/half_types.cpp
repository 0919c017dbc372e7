// The two 16-bit floats, little endian.
//
//   f16   1 sign, 5 exponent, 10 mantissa bits: +-65504, subnormals down to 2^-24
//   bf16  1 sign, 8 exponent, 7 mantissa bits: the upper half of a float
//
// Writing rounds to nearest even as IEEE 754 does: NaN stays (quiet) NaN, what is too large becomes infinite.
#include <cstring>

#include "codecs/codec.h"
#include "codecs/row_kernels.h"
#include "tensor/half.h"

namespace adze::codecs {
namespace {

void decode_f16(const std::byte* packed, float* values, int64_t count) {
  row_kernels().decode_f16(packed, values, count);
}

void decode_bf16(const std::byte* packed, float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    uint16_t bits;
    std::memcpy(&bits, packed + 2 * i, 2);
    values[i] = bf16_to_f32(bits);
  }
}

template <uint16_t (*narrow)(float)>
void encode_half(const float* values, const float*, std::byte* packed, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const uint16_t bits = narrow(values[i]);
    std::memcpy(packed + 2 * i, &bits, 2);
  }
}

}  // namespace

constinit const Codec f16{{"f16", "16-bit float", 1, 2}, decode_f16, encode_half<f32_to_f16>};
constinit const Codec bf16{{"bf16", "16-bit float with the range of f32", 1, 2}, decode_bf16, encode_half<f32_to_bf16>};

}  // namespace adze::codecs
