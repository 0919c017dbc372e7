// From one element type to another.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/narrow_floats.h"
#include "ops/standard/op_families.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

/// Towards zero; NaN becomes 0 and what is too large the limit, where C++ would not say.
template <typename To, typename From>
To convert_number(From from) {
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (std::isnan(from)) return 0;
    const double wide = std::trunc(static_cast<double>(from));
    if (wide >= static_cast<double>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    if (wide <= static_cast<double>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    return static_cast<To>(wide);
  } else {
    return static_cast<To>(from);
  }
}

/// Keeps the low bits of what lies in a byte, with the sign of signed types.
template <typename To>
To keep_low_bits(To value, StorageType type) {
  const int bits = type == &kI4 || type == &kU4 ? 4 : type == &kI2 || type == &kU2 ? 2 : 8;
  if (bits == 8) return value;
  const auto low = static_cast<uint8_t>(static_cast<uint8_t>(value) << (8 - bits));
  return static_cast<To>(std::is_signed_v<To> ? static_cast<int8_t>(low) >> (8 - bits) : low >> (8 - bits));
}

template <typename From>
HostTensor convert_from(const HostTensor& x, StorageType type) {
  if (type == &codecs::boolean.info) {
    return map_each<From, uint8_t>(x, type, [](From v) { return v != From{0}; });
  }
  const HostTensor sample(type, {0});
  return visit_numbers(sample, [&](auto tag) {
    using To = typename decltype(tag)::type;
    return map_each<From, To>(x, type, [&](From v) {
      const To to = convert_number<To>(v);
      if constexpr (sizeof(To) == 1) return keep_low_bits(to, type);
      return to;
    });
  });
}

HostTensor convert_wide(const HostTensor& x, StorageType type) {
  if (x.type() == type) return x;
  return visit_numbers_and_flags(x, [&](auto tag) { return convert_from<typename decltype(tag)::type>(x, type); });
}

std::string text_of(double value, int digits) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-INF" : "INF";
  return fmt::format("{:.{}g}", value, digits);
}

HostTensor to_texts(const HostTensor& x) {
  std::vector<std::string> texts;
  if (is_wide_float(x.type())) {
    const int digits = x.type() == &codecs::f32.info ? 9 : 17;
    visit_floats(x, [&](auto tag) {
      for (const auto v : x.numbers<typename decltype(tag)::type>()) {
        std::string shortest = fmt::format("{}", v);
        texts.push_back(std::isfinite(v) ? shortest : text_of(static_cast<double>(v), digits));
      }
    });
  } else {
    visit_numbers_and_flags(x, [&](auto tag) {
      for (const auto v : x.numbers<typename decltype(tag)::type>()) texts.push_back(fmt::format("{}", +v));
    });
  }
  return HostTensor(std::move(texts), x.dims());
}

double parse_text(const std::string& text) {
  if (text == "INF" || text == "+INF") return HUGE_VAL;
  if (text == "-INF") return -HUGE_VAL;
  double value = 0;
  const char* first = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto result = std::from_chars(first, text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
    fail(ErrorCode::bad_input, "\"{}\" is no number", text);
  }
  return value;
}

HostTensor from_texts(const HostTensor& x) {
  HostTensor result(&codecs::f64.info, x.dims());
  for (size_t i = 0; i < x.texts().size(); ++i) result.fill<double>()[i] = parse_text(x.texts()[i]);
  return result;
}

HostTensor convert(const HostTensor& x, StorageType type, bool saturate) {
  if (x.type() == type) return x;
  if (x.is_text()) return convert(from_texts(x), type, saturate);
  const HostTensor wide = is_narrow_float(x.type()) ? widen_floats(x) : x;
  if (!type) return to_texts(wide);
  if (is_narrow_float(type)) return narrow_floats(convert_wide(wide, &codecs::f32.info), type, saturate);
  return convert_wide(wide, type);
}

HostValues evaluate_cast(const StandardCall& call) {
  const int64_t number = call.integer("to");
  const StorageType type = element_type(number);
  if (!type && number != 8) fail(ErrorCode::bad_input, "attribute 'to' names no element type");
  return {convert(call.tensor(0), type, call.integer("saturate", 1) != 0)};
}

HostValues evaluate_cast_like(const StandardCall& call) {
  return {convert(call.tensor(0), call.tensor(1).type(), call.integer("saturate", 1) != 0)};
}

HostValues evaluate_bit_cast(const StandardCall& call) {
  const StorageType type = element_type(call.integer("to"));
  const HostTensor& x = call.tensor(0);
  if (!type || x.element_bytes() != type->block_bytes) {
    fail(ErrorCode::bad_input, "{} cannot be taken for numbers of another width", x.description());
  }
  return {x.retyped(type)};
}

Types infer_cast(const graph::NodeTypes& node) { return infer_by_attribute(node, "to", &codecs::f32.info, true); }

Types infer_cast_like(const graph::NodeTypes& node) {
  auto type = type_of_input(node, 0);
  const auto like = type_of_input(node, 1);
  type.kind = like.kind;
  type.storage = like.storage;
  return {type};
}

constexpr std::array kOps = {
    StandardOp{{"Cast", "as another element type", infer_cast}, evaluate_cast, NarrowFloats::as_is},
    StandardOp{{"CastLike", "as the element type of another tensor", infer_cast_like},
               evaluate_cast_like,
               NarrowFloats::as_is},
    StandardOp{
        {"BitCast", "the same bits as another element type", infer_cast}, evaluate_bit_cast, NarrowFloats::as_is},
};

}  // namespace

std::span<const StandardOp> conversion_ops() { return kOps; }

}  // namespace adze::ops
