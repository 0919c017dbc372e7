// A function of each number.
#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

#include "ops/standard/broadcast.h"
#include "ops/standard/float_functions.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/matrix_product.h"
#include "ops/standard/only_result.h"
#include "ops/standard/op_families.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

template <auto kFunction>
HostValues of_floats(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  return only_result(visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result = call.result_over(x.type(), x.dims());
    map_each_into<T, T>(result, x, kFunction);
    return result;
  }));
}

template <auto kFunction>
HostValues of_numbers(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  return only_result(visit_numbers(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result = call.result_over(x.type(), x.dims());
    map_each_into<T, T>(result, x, kFunction);
    return result;
  }));
}

constexpr auto kAbs = [](auto x) {
  using T = decltype(x);
  if constexpr (std::is_floating_point_v<T>) {
    return std::fabs(x);
  } else {
    return x < T{0} ? static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(x)) : x;
  }
};
constexpr auto kNegate = [](auto x) {
  using T = decltype(x);
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(x));
  } else {
    return -x;
  }
};
constexpr auto kSign = [](auto x) {
  using T = decltype(x);
  if (x != x) return x;
  return static_cast<T>(static_cast<int>(x > T{0}) - static_cast<int>(x < T{0}));
};
constexpr auto kReciprocal = [](auto x) { return decltype(x){1} / x; };
constexpr auto kSqrt = [](auto x) { return std::sqrt(x); };
constexpr auto kExp = [](auto x) { return std::exp(x); };
constexpr auto kLog = [](auto x) { return std::log(x); };
constexpr auto kCeil = [](auto x) { return std::ceil(x); };
constexpr auto kFloor = [](auto x) { return std::floor(x); };
constexpr auto kRound = [](auto x) { return std::nearbyint(x); };
constexpr auto kSin = [](auto x) { return std::sin(x); };
constexpr auto kCos = [](auto x) { return std::cos(x); };
constexpr auto kTan = [](auto x) { return std::tan(x); };
constexpr auto kAsin = [](auto x) { return std::asin(x); };
constexpr auto kAcos = [](auto x) { return std::acos(x); };
constexpr auto kAtan = [](auto x) { return std::atan(x); };
constexpr auto kSinh = [](auto x) { return std::sinh(x); };
constexpr auto kCosh = [](auto x) { return std::cosh(x); };
constexpr auto kTanh = [](auto x) { return std::tanh(x); };
constexpr auto kAsinh = [](auto x) { return std::asinh(x); };
constexpr auto kAcosh = [](auto x) { return std::acosh(x); };
constexpr auto kAtanh = [](auto x) { return std::atanh(x); };
constexpr auto kErf = [](auto x) { return std::erf(x); };

HostValues evaluate_is_nan(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  return only_result(visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_each<T, uint8_t>(x, &codecs::boolean.info, [](T v) { return std::isnan(v); });
  }));
}

HostValues evaluate_is_inf(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const bool positive = call.integer("detect_positive", 1) != 0, negative = call.integer("detect_negative", 1) != 0;
  return only_result(visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_each<T, uint8_t>(x, &codecs::boolean.info,
                                [&](T v) { return std::isinf(v) && (v > 0 ? positive : negative); });
  }));
}

HostValues evaluate_not(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  require_type(x, &codecs::boolean.info);
  return {map_each<uint8_t, uint8_t>(x, x.type(), [](uint8_t v) { return v == 0; })};
}

HostValues evaluate_bitwise_not(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  return only_result(visit_integers(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_each<T, T>(x, x.type(), [](T v) { return static_cast<T>(~v); });
  }));
}

/// f32 by the processor's own function, on all threads.
HostValues evaluate_tanh(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const FloatFunctions* functions = float_functions();
  if (x.type() != &codecs::f32.info || !functions) return of_floats<kTanh>(call);
  constexpr int64_t kNumbersOfPiece = 1 << 14;
  HostTensor result = call.result_over(x.type(), x.dims());
  const float* from = x.numbers<float>().data();
  float* to = result.fill<float>().data();
  for_each_index(call.pool, (x.count() + kNumbersOfPiece - 1) / kNumbersOfPiece, [&](int64_t piece) {
    const int64_t first = piece * kNumbersOfPiece;
    functions->tanh(from + first, std::min(kNumbersOfPiece, x.count() - first), to + first);
  });
  return only_result(std::move(result));
}

constexpr std::array kOps = {
    StandardOp{{"Abs", "magnitude", infer_same}, of_numbers<kAbs>},
    StandardOp{{"Neg", "with the other sign", infer_same}, of_numbers<kNegate>},
    StandardOp{{"Sign", "-1, 0 or 1", infer_same}, of_numbers<kSign>},
    StandardOp{{"Reciprocal", "1 / x", infer_same}, of_floats<kReciprocal>},
    StandardOp{{"Sqrt", "square root", infer_same}, of_floats<kSqrt>},
    StandardOp{{"Exp", "e^x", infer_same}, of_floats<kExp>},
    StandardOp{{"Log", "natural logarithm", infer_same}, of_floats<kLog>},
    StandardOp{{"Ceil", "the integer above", infer_same}, of_floats<kCeil>},
    StandardOp{{"Floor", "the integer below", infer_same}, of_floats<kFloor>},
    StandardOp{{"Round", "the nearest integer, ties to even", infer_same}, of_floats<kRound>},
    StandardOp{{"Sin", "sine", infer_same}, of_floats<kSin>},
    StandardOp{{"Cos", "cosine", infer_same}, of_floats<kCos>},
    StandardOp{{"Tan", "tangent", infer_same}, of_floats<kTan>},
    StandardOp{{"Asin", "arc sine", infer_same}, of_floats<kAsin>},
    StandardOp{{"Acos", "arc cosine", infer_same}, of_floats<kAcos>},
    StandardOp{{"Atan", "arc tangent", infer_same}, of_floats<kAtan>},
    StandardOp{{"Sinh", "hyperbolic sine", infer_same}, of_floats<kSinh>},
    StandardOp{{"Cosh", "hyperbolic cosine", infer_same}, of_floats<kCosh>},
    StandardOp{{"Tanh", "hyperbolic tangent", infer_same}, evaluate_tanh},
    StandardOp{{"Asinh", "inverse hyperbolic sine", infer_same}, of_floats<kAsinh>},
    StandardOp{{"Acosh", "inverse hyperbolic cosine", infer_same}, of_floats<kAcosh>},
    StandardOp{{"Atanh", "inverse hyperbolic tangent", infer_same}, of_floats<kAtanh>},
    StandardOp{{"Erf", "error function", infer_same}, of_floats<kErf>},
    StandardOp{{"IsNaN", "whether x is no number", infer_same_flags}, evaluate_is_nan},
    StandardOp{{"IsInf", "whether x is infinite", infer_same_flags}, evaluate_is_inf},
    StandardOp{{"Not", "the other truth", infer_same}, evaluate_not},
    StandardOp{{"BitwiseNot", "the other bits", infer_same}, evaluate_bitwise_not},
};

}  // namespace

std::span<const StandardOp> unary_ops() { return kOps; }

}  // namespace adze::ops
