// One number per element, little endian: f32, f64, the integers and boolean (one byte, 0 or 1).
//
// Reading gives the nearest float (64-bit types lose digits). Writing an integer rounds to the nearest, ties to
// even, saturates at the type's limits and turns NaN into 0.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "codecs/codec.h"

namespace adze::codecs {
namespace {

template <typename T>
void decode_plain(const std::byte* packed, float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, packed + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
    values[i] = static_cast<float>(value);
  }
}

/// REQUIRES: T is an integer. double holds every float, and the limits of every T to within one.
template <typename T>
T round_and_saturate(float value) {
  if (std::isnan(value)) return 0;
  const double rounded = std::nearbyint(static_cast<double>(value));
  if (rounded <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  if (rounded >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<T>(rounded);
}

template <typename T>
void encode_plain(const float* values, const float*, std::byte* packed, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    T value;
    if constexpr (std::is_floating_point_v<T>) {
      value = static_cast<T>(values[i]);
    } else {
      value = round_and_saturate<T>(values[i]);
    }
    std::memcpy(packed + i * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
  }
}

void decode_f32(const std::byte* packed, float* values, int64_t count) {
  if (count > 0) std::memcpy(values, packed, static_cast<size_t>(count) * sizeof(float));
}

void encode_f32(const float* values, const float*, std::byte* packed, int64_t count) {
  if (count > 0) std::memcpy(packed, values, static_cast<size_t>(count) * sizeof(float));
}

void decode_boolean(const std::byte* packed, float* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) values[i] = packed[i] != std::byte{0} ? 1.0f : 0.0f;
}

void encode_boolean(const float* values, const float*, std::byte* packed, int64_t count) {
  for (int64_t i = 0; i < count; ++i) packed[i] = std::byte{values[i] > 0.0f || values[i] < 0.0f};
}

}  // namespace

constinit const Codec f32{{"f32", "32-bit float", 1, 4}, decode_f32, encode_f32};
constinit const Codec f64{{"f64", "64-bit float", 1, 8}, decode_plain<double>, encode_plain<double>};
constinit const Codec i8{{"i8", "8-bit signed integer", 1, 1}, decode_plain<int8_t>, encode_plain<int8_t>};
constinit const Codec i16{{"i16", "16-bit signed integer", 1, 2}, decode_plain<int16_t>, encode_plain<int16_t>};
constinit const Codec i32{{"i32", "32-bit signed integer", 1, 4}, decode_plain<int32_t>, encode_plain<int32_t>};
constinit const Codec i64{{"i64", "64-bit signed integer", 1, 8}, decode_plain<int64_t>, encode_plain<int64_t>};
constinit const Codec u8{{"u8", "8-bit unsigned integer", 1, 1}, decode_plain<uint8_t>, encode_plain<uint8_t>};
constinit const Codec boolean{{"bool", "one byte, 0 or 1", 1, 1}, decode_boolean, encode_boolean};

}  // namespace adze::codecs
