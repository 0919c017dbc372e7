// The two 8-bit floats without a scale: f8_e4m3 and f8_e5m2 (float8.h). Writing rounds to nearest even; NaN stays NaN,
// and what is too large becomes the largest finite number.
#include "codecs/float8.h"

#include "codecs/codec.h"

namespace adze::codecs {
namespace {

template <float (*widen)(uint8_t)>
void decode_float8(const std::byte* packed, float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) values[i] = widen(static_cast<uint8_t>(packed[i]));
}

template <uint8_t (*narrow)(float)>
void encode_float8(const float* values, const float*, std::byte* packed, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    packed[i] = std::isnan(values[i]) ? std::byte{0x7F} : std::byte{narrow(values[i])};
}

}  // namespace

constinit const Codec f8_e4m3{
    {"f8_e4m3", "8-bit float, 3 bits of mantissa", 1, 1}, decode_float8<e4m3_to_f32>, encode_float8<nearest_e4m3>};
constinit const Codec f8_e5m2{
    {"f8_e5m2", "8-bit float, 2 bits of mantissa", 1, 1}, decode_float8<e5m2_to_f32>, encode_float8<nearest_e5m2>};

}  // namespace adze::codecs
