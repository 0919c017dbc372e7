// Two or more tensors into one, number by number.
#include <array>
#include <cmath>
#include <type_traits>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/only_result.h"
#include "ops/standard/op_families.h"
#include "ops/standard/row_products.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

/// For results that wrap around as two's complement does.
template <typename T, typename Function>
T wrapped(T a, T b, Function function) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(function(static_cast<U>(a), static_cast<U>(b)));
  } else {
    return function(a, b);
  }
}

struct AddNumbers {
  static constexpr auto kOfRows = RowFunction::add;
  template <typename T>
  T operator()(T a, T b) const {
    return wrapped(a, b, [](auto x, auto y) { return x + y; });
  }
};
struct SubtractNumbers {
  static constexpr auto kOfRows = RowFunction::subtract;
  template <typename T>
  T operator()(T a, T b) const {
    return wrapped(a, b, [](auto x, auto y) { return x - y; });
  }
};
struct MultiplyNumbers {
  static constexpr auto kOfRows = RowFunction::multiply;
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    } else {
      return a * b;
    }
  }
};
struct DivideNumbers {
  static constexpr auto kOfRows = RowFunction::divide;
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) fail(ErrorCode::bad_input, "an integer is divided by zero");
      if (std::is_signed_v<T> && b == static_cast<T>(-1)) return SubtractNumbers()(T{0}, a);
      return static_cast<T>(a / b);
    } else {
      return a / b;
    }
  }
};
/// NaN where one is NaN.
struct LargerNumber {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
    }
    return a < b ? b : a;
  }
};
struct SmallerNumber {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
    }
    return b < a ? b : a;
  }
};
/// The remainder with the divisor's sign, as Python has it.
struct FloorRemainder {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) fail(ErrorCode::bad_input, "the remainder of a division by zero");
      if (std::is_signed_v<T> && b == static_cast<T>(-1)) return 0;
      const T rest = static_cast<T>(a % b);
      return rest != 0 && (rest < 0) != (b < 0) ? static_cast<T>(rest + b) : rest;
    } else {
      const T rest = std::fmod(a, b);
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
  }
};
struct TruncatedRemainder {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) fail(ErrorCode::bad_input, "the remainder of a division by zero");
      return std::is_signed_v<T> && b == static_cast<T>(-1) ? T{0} : static_cast<T>(a % b);
    } else {
      return std::fmod(a, b);
    }
  }
};
struct AndBits {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a & b);
  }
};
struct OrBits {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a | b);
  }
};
struct XorBits {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a ^ b);
  }
};
struct ShiftLeft {
  template <typename T>
  T operator()(T a, T b) const {
    const auto bits = static_cast<uint64_t>(b);
    return bits >= 8 * sizeof(T) ? T{0} : static_cast<T>(static_cast<uint64_t>(a) << bits);
  }
};
struct ShiftRight {
  template <typename T>
  T operator()(T a, T b) const {
    const auto bits = static_cast<uint64_t>(b);
    return bits >= 8 * sizeof(T) ? T{0} : static_cast<T>(a >> bits);
  }
};

template <typename Function>
HostTensor combine(const HostTensor& a, const HostTensor& b) {
  require_type(b, a.type());
  return visit_numbers(a, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_pairs<T, T>(a, b, a.type(), Function());
  });
}

void combine_rows(HostTensor& result, const HostTensor& a, const HostTensor& b, RowFunction function) {
  const std::array strides = {broadcast_strides(a.dims(), result.dims()), broadcast_strides(b.dims(), result.dims())};
  const StridedWalk walk(result.dims(), strides);
  const float *left = a.numbers<float>().data(), *right = b.numbers<float>().data();
  float* to = result.fill<float>().data();
  const RowProducts& products = row_products();
  walk.each_row([&](int64_t at, const StridedWalk::Offsets& offsets) {
    products.apply(function, {left + offsets[0], walk.step(0)}, {right + offsets[1], walk.step(1)}, walk.row_length(),
                   to + at);
  });
}

/// Of Add, Sub, Mul and Div.
template <typename Function>
HostValues evaluate_pair(const StandardCall& call) {
  const HostTensor &a = call.tensor(0), &b = call.tensor(1);
  require_type(b, a.type());
  if (a.is_text()) fail_type(a, "numbers");
  HostTensor result = call.result_over(a.type(), broadcast_dims(a.dims(), b.dims()));
  if (a.type() == &codecs::f32.info) {
    combine_rows(result, a, b, Function::kOfRows);
  } else {
    visit_numbers(a, [&](auto tag) {
      using T = typename decltype(tag)::type;
      map_pairs_into<T, T>(result, a, b, Function());
    });
  }
  HostValues outputs;
  outputs.push_back(std::move(result));
  return outputs;
}

template <typename Function>
HostTensor combine_all(const StandardCall& call) {
  HostTensor result = call.tensor(0);
  for (size_t i = 1; i < call.inputs.size(); ++i) result = combine<Function>(result, call.tensor(i));
  return result;
}

template <typename Function>
HostValues evaluate_all(const StandardCall& call) {
  return only_result(combine_all<Function>(call));
}

HostValues evaluate_mean(const StandardCall& call) {
  const auto sum = combine_all<AddNumbers>(call);
  const auto count = static_cast<double>(call.inputs.size());
  return only_result(visit_floats(sum, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_each<T, T>(sum, sum.type(), [&](T x) { return x / static_cast<T>(count); });
  }));
}

template <typename Function>
HostValues evaluate_bits(const StandardCall& call) {
  const HostTensor &a = call.tensor(0), &b = call.tensor(1);
  require_type(b, a.type());
  return only_result(visit_integers(a, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_pairs<T, T>(a, b, a.type(), Function());
  }));
}

HostValues evaluate_mod(const StandardCall& call) {
  const HostTensor &a = call.tensor(0), &b = call.tensor(1);
  return {call.integer("fmod", 0) != 0 ? combine<TruncatedRemainder>(a, b) : combine<FloorRemainder>(a, b)};
}

HostValues evaluate_shift(const StandardCall& call) {
  const auto direction = call.word("direction", "");
  if (direction == "LEFT") return evaluate_bits<ShiftLeft>(call);
  if (direction == "RIGHT") return evaluate_bits<ShiftRight>(call);
  fail(ErrorCode::bad_input, "attribute 'direction' must be LEFT or RIGHT");
}

template <typename T>
T whole_power(T base, double exponent) {
  T result = 1;
  for (auto left = static_cast<uint64_t>(exponent); left > 0; left >>= 1, base = MultiplyNumbers()(base, base)) {
    if (left & 1) result = MultiplyNumbers()(result, base);
  }
  return result;
}

template <typename T>
T power(T base, double exponent) {
  if constexpr (std::is_integral_v<T>) {
    if (exponent >= 0 && exponent == std::floor(exponent) && exponent < 0x1p63) return whole_power(base, exponent);
    return static_cast<T>(std::pow(static_cast<double>(base), exponent));
  } else {
    return static_cast<T>(std::pow(static_cast<double>(base), exponent));
  }
}

/// Squares of f32, which in f64 are exact and rounded once: what the processor's product is.
bool is_square(const HostTensor& base, const HostTensor& exponent) {
  return base.type() == &codecs::f32.info && exponent.count() == 1 && exponent.rank() <= base.rank() &&
         read_number(exponent) == 2;
}

/// The exponents may be of another type; the result is of the bases'.
HostValues evaluate_pow(const StandardCall& call) {
  const HostTensor &base = call.tensor(0), &given = call.tensor(1);
  if (is_square(base, given)) {
    HostTensor result = call.result_over(base.type(), base.dims());
    combine_rows(result, base, base, RowFunction::multiply);
    return only_result(std::move(result));
  }
  const HostTensor exponent = visit_numbers(given, [&](auto tag) {
    return map_each<typename decltype(tag)::type, double>(given, &codecs::f64.info,
                                                          [](auto x) { return static_cast<double>(x); });
  });
  const auto shape = broadcast_dims(base.dims(), exponent.dims());
  const auto bases = broadcast_to(base, shape), exponents = broadcast_to(exponent, shape);
  return only_result(visit_numbers(base, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result(base.type(), shape);
    const auto x = bases.numbers<T>();
    const auto e = exponents.template numbers<double>();
    const auto to = result.template fill<T>();
    for (size_t i = 0; i < to.size(); ++i) to[i] = power(x[i], e[i]);
    return result;
  }));
}

constexpr std::array kOps = {
    StandardOp{{"Add", "sums", infer_broadcast}, evaluate_pair<AddNumbers>},
    StandardOp{{"Sub", "differences", infer_broadcast}, evaluate_pair<SubtractNumbers>},
    StandardOp{{"Mul", "products", infer_broadcast}, evaluate_pair<MultiplyNumbers>},
    StandardOp{{"Div", "quotients; of integers cut off", infer_broadcast}, evaluate_pair<DivideNumbers>},
    StandardOp{{"Mod", "remainders, by `fmod` as C or as Python", infer_broadcast}, evaluate_mod},
    StandardOp{{"Pow", "powers", infer_broadcast}, evaluate_pow},
    StandardOp{{"Max", "the largest of each", infer_broadcast}, evaluate_all<LargerNumber>},
    StandardOp{{"Min", "the smallest of each", infer_broadcast}, evaluate_all<SmallerNumber>},
    StandardOp{{"Sum", "sums of any number of tensors", infer_broadcast}, evaluate_all<AddNumbers>},
    StandardOp{{"Mean", "means of any number of tensors", infer_broadcast}, evaluate_mean},
    StandardOp{{"BitShift", "integers shifted by `direction`", infer_broadcast}, evaluate_shift},
    StandardOp{{"BitwiseAnd", "and of bits", infer_broadcast}, evaluate_bits<AndBits>},
    StandardOp{{"BitwiseOr", "or of bits", infer_broadcast}, evaluate_bits<OrBits>},
    StandardOp{{"BitwiseXor", "exclusive or of bits", infer_broadcast}, evaluate_bits<XorBits>},
};

}  // namespace

std::span<const StandardOp> arithmetic_ops() { return kOps; }

}  // namespace adze::ops
