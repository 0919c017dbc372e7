// The type numbers of GGUF metadata and the C++ types that hold their values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/key_values.h"

namespace adze::formats {

enum class GgufType : uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};

template <typename T>
struct GgufTypeOf;
// clang-format off
template <> struct GgufTypeOf<uint8_t> { static constexpr auto value = GgufType::u8; };
template <> struct GgufTypeOf<int8_t> { static constexpr auto value = GgufType::i8; };
template <> struct GgufTypeOf<uint16_t> { static constexpr auto value = GgufType::u16; };
template <> struct GgufTypeOf<int16_t> { static constexpr auto value = GgufType::i16; };
template <> struct GgufTypeOf<uint32_t> { static constexpr auto value = GgufType::u32; };
template <> struct GgufTypeOf<int32_t> { static constexpr auto value = GgufType::i32; };
template <> struct GgufTypeOf<float> { static constexpr auto value = GgufType::f32; };
template <> struct GgufTypeOf<bool> { static constexpr auto value = GgufType::boolean; };
template <> struct GgufTypeOf<std::string> { static constexpr auto value = GgufType::string; };
template <> struct GgufTypeOf<uint64_t> { static constexpr auto value = GgufType::u64; };
template <> struct GgufTypeOf<int64_t> { static constexpr auto value = GgufType::i64; };
template <> struct GgufTypeOf<double> { static constexpr auto value = GgufType::f64; };
// clang-format on

template <typename T>
struct TypeTag {
  using Type = T;
};

/// Calls `visit(TypeTag<T>{})` with the C++ type of a scalar; `otherwise()` for an array or an unknown number.
template <typename Visit, typename Otherwise>
model::Value with_scalar_type(uint32_t type, const Visit& visit, const Otherwise& otherwise) {
  switch (static_cast<GgufType>(type)) {
    case GgufType::u8:
      return visit(TypeTag<uint8_t>{});
    case GgufType::i8:
      return visit(TypeTag<int8_t>{});
    case GgufType::u16:
      return visit(TypeTag<uint16_t>{});
    case GgufType::i16:
      return visit(TypeTag<int16_t>{});
    case GgufType::u32:
      return visit(TypeTag<uint32_t>{});
    case GgufType::i32:
      return visit(TypeTag<int32_t>{});
    case GgufType::f32:
      return visit(TypeTag<float>{});
    case GgufType::boolean:
      return visit(TypeTag<bool>{});
    case GgufType::string:
      return visit(TypeTag<std::string>{});
    case GgufType::u64:
      return visit(TypeTag<uint64_t>{});
    case GgufType::i64:
      return visit(TypeTag<int64_t>{});
    case GgufType::f64:
      return visit(TypeTag<double>{});
    case GgufType::array:
      break;
  }
  return otherwise();
}

}  // namespace adze::formats
