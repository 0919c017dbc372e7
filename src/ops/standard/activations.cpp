// Functions of neurons.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

#include "base/error.h"
#include "ops/standard/axis_lines.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/float_functions.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/matrix_product.h"
#include "ops/standard/only_result.h"
#include "ops/standard/op_families.h"
#include "ops/standard/row_products.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

/// function(x) for each float, which gets the type's own arithmetic.
template <typename Function>
HostValues each_float(const StandardCall& call, Function function) {
  const HostTensor& x = call.tensor(0);
  return only_result(visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result = call.result_over(x.type(), x.dims());
    map_each_into<T, T>(result, x, [&](T v) { return static_cast<T>(function(v)); });
    return result;
  }));
}

template <typename T>
T sigmoid(T x) {
  return T{1} / (T{1} + std::exp(-x));
}

template <typename T>
T softplus(T x) {
  return std::max(x, T{0}) + std::log1p(std::exp(-std::fabs(x)));
}

HostValues evaluate_relu(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  return only_result(visit_numbers(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result = call.result_over(x.type(), x.dims());
    if constexpr (std::is_same_v<T, float>) {
      const RowOperand row{x.numbers<float>().data(), 1};
      row_products().apply(RowFunction::relu, row, row, x.count(), result.fill<float>().data());
    } else {
      map_each_into<T, T>(result, x, [](T v) { return v < T{0} ? T{0} : v; });
    }
    return result;
  }));
}

HostValues evaluate_leaky_relu(const StandardCall& call) {
  const double alpha = call.number("alpha", 0.01);
  return each_float(call, [&](auto x) { return x < 0 ? x * static_cast<decltype(x)>(alpha) : x; });
}

HostValues evaluate_elu(const StandardCall& call) {
  const double alpha = call.number("alpha", 1);
  return each_float(call, [&](auto x) { return x < 0 ? static_cast<decltype(x)>(alpha) * std::expm1(x) : x; });
}

HostValues evaluate_selu(const StandardCall& call) {
  const double alpha = call.number("alpha", 1.67326319217681884765625);
  const double gamma = call.number("gamma", 1.05070102214813232421875);
  return each_float(call, [&](auto x) { return gamma * (x < 0 ? alpha * std::expm1(x) : x); });
}

HostValues evaluate_celu(const StandardCall& call) {
  const double alpha = call.number("alpha", 1);
  return each_float(call, [&](auto x) { return x < 0 ? alpha * std::expm1(x / alpha) : x; });
}

constexpr int64_t kNumbersOfPiece = 1 << 14;

/// row(x, count, out) over pieces of an f32 tensor, on all threads.
template <typename Row>
HostValues each_row(const StandardCall& call, Row row) {
  const HostTensor& x = call.tensor(0);
  HostTensor result = call.result_over(x.type(), x.dims());
  const float* from = x.numbers<float>().data();
  float* to = result.fill<float>().data();
  const int64_t count = x.count(), pieces = (count + kNumbersOfPiece - 1) / kNumbersOfPiece;
  for_each_index(call.pool, pieces, [&](int64_t piece) {
    const int64_t first = piece * kNumbersOfPiece;
    row(from + first, std::min(kNumbersOfPiece, count - first), to + first);
  });
  return only_result(std::move(result));
}

/// Functions of the processor, for f32.
const FloatFunctions* functions_for(const StandardCall& call) {
  return call.tensor(0).type() == &codecs::f32.info ? float_functions() : nullptr;
}

HostValues evaluate_sigmoid(const StandardCall& call) {
  if (const auto* functions = functions_for(call)) return each_row(call, functions->sigmoid);
  return each_float(call, [](auto x) { return sigmoid(x); });
}

HostValues evaluate_hard_sigmoid(const StandardCall& call) {
  const double alpha = call.number("alpha", 0.2), beta = call.number("beta", 0.5);
  return each_float(call, [&](auto x) { return std::clamp(alpha * x + beta, 0.0, 1.0); });
}

HostValues evaluate_hard_swish(const StandardCall& call) {
  return each_float(call, [](auto x) { return x * std::clamp(x / 6.0 + 0.5, 0.0, 1.0); });
}

HostValues evaluate_softplus(const StandardCall& call) {
  return each_float(call, [](auto x) { return softplus(x); });
}

HostValues evaluate_softsign(const StandardCall& call) {
  return each_float(call, [](auto x) { return x / (1 + std::fabs(x)); });
}

HostValues evaluate_mish(const StandardCall& call) {
  return each_float(call, [](auto x) { return x * std::tanh(softplus(x)); });
}

HostValues evaluate_swish(const StandardCall& call) {
  const double alpha = call.number("alpha", 1);
  if (const auto* functions = functions_for(call)) {
    const auto slope = static_cast<float>(alpha);
    return each_row(call, [&](const float* x, int64_t count, float* out) { functions->swish(x, slope, count, out); });
  }
  return each_float(call, [&](auto x) { return x * sigmoid(alpha * x); });
}

HostValues evaluate_gelu(const StandardCall& call) {
  const auto kind = call.word("approximate", "none");
  if (kind == "none") {
    return each_float(call, [](auto x) { return 0.5 * x * (1 + std::erf(x * 0.70710678118654752440)); });
  }
  if (kind != "tanh") fail(ErrorCode::bad_input, "attribute 'approximate' must be none or tanh");
  return each_float(
      call, [](auto x) { return 0.5 * x * (1 + std::tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x))); });
}

HostValues evaluate_thresholded_relu(const StandardCall& call) {
  const double alpha = call.number("alpha", 1);
  return each_float(call, [&](auto x) { return x > alpha ? x : 0; });
}

HostValues evaluate_shrink(const StandardCall& call) {
  const double lambda = call.number("lambd", 0.5), bias = call.number("bias", 0);
  const HostTensor& x = call.tensor(0);
  return only_result(visit_numbers(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_each<T, T>(x, x.type(), [&](T v) {
      const auto wide = static_cast<double>(v);
      return static_cast<T>(wide < -lambda ? wide + bias : wide > lambda ? wide - bias : 0);
    });
  }));
}

HostValues evaluate_prelu(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &slope = call.tensor(1);
  require_type(slope, x.type());
  return only_result(visit_numbers(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_pairs<T, T>(x, slope, x.type(), [](T v, T s) { return v < T{0} ? static_cast<T>(v * s) : v; });
  }));
}

template <typename T>
T limit_of(const StandardCall& call, size_t input, T fallback) {
  if (!call.has(input)) return fallback;
  const HostTensor& limit = call.tensor(input);
  if (limit.count() != 1) fail(ErrorCode::bad_input, "a limit must be one number, not {}", limit.description());
  if (limit.type() == call.tensor(0).type()) return limit.numbers<T>()[0];
  return static_cast<T>(read_number(limit));
}

HostValues evaluate_clip(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  return only_result(visit_numbers(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T low = limit_of<T>(call, 1, std::numeric_limits<T>::lowest());
    const T high = limit_of<T>(call, 2, std::numeric_limits<T>::max());
    HostTensor result = call.result_over(x.type(), x.dims());
    map_each_into<T, T>(result, x, [&](T v) { return v > high ? high : v < low ? (low > high ? high : low) : v; });
    return result;
  }));
}

/// Lines along the axis; with `flatten` (ONNX before 13) everything from the axis on is one line.
AxisLines softmax_lines(const StandardCall& call, const HostTensor& x) {
  if (x.rank() == 0) return AxisLines(std::array<int64_t, 1>{1}, 0);
  const size_t axis = checked_axis(call.integer("axis", -1), x.rank());
  AxisLines lines(x.dims(), axis);
  if (call.integer("flatten", 0) == 0) return lines;
  lines.length *= lines.inner;
  lines.inner = 1;
  return lines;
}

template <typename T>
struct Softmax {
  const T* from;
  T* to;
  int64_t length, step;
  bool logarithm;

  void line(int64_t first) const {
    T top = -std::numeric_limits<T>::infinity();
    for (int64_t i = 0; i < length; ++i) top = std::max(top, from[first + i * step]);
    double sum = 0;
    for (int64_t i = 0; i < length; ++i) {
      const T value = std::exp(from[first + i * step] - top);
      to[first + i * step] = value;
      sum += value;
    }
    const T factor = static_cast<T>(1 / sum), log_sum = static_cast<T>(std::log(sum));
    for (int64_t i = first; i < first + length * step; i += step) {
      to[i] = logarithm ? from[i] - top - log_sum : to[i] * factor;
    }
  }
};

template <bool kLogarithm>
HostValues evaluate_softmax(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto lines = softmax_lines(call, x);
  return only_result(visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result(x.type(), x.dims());
    const Softmax<T> softmax{x.numbers<T>().data(), result.template fill<T>().data(), lines.length, lines.inner,
                             kLogarithm};
    lines.each([&](int64_t first) { softmax.line(first); });
    return result;
  }));
}

HostValues evaluate_hardmax(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto lines = softmax_lines(call, x);
  return only_result(visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result = zeros(x.type(), x.dims());
    const auto from = x.numbers<T>();
    lines.each([&](int64_t first) {
      int64_t best = first;
      for (int64_t i = first; i < first + lines.length * lines.inner; i += lines.inner) {
        if (from[static_cast<size_t>(i)] > from[static_cast<size_t>(best)]) best = i;
      }
      if (lines.length > 0) result.template fill<T>()[static_cast<size_t>(best)] = 1;
    });
    return result;
  }));
}

constexpr std::array kOps = {
    StandardOp{{"Relu", "max(x, 0)", infer_same}, evaluate_relu},
    StandardOp{{"LeakyRelu", "x, times alpha below 0", infer_same}, evaluate_leaky_relu},
    StandardOp{{"PRelu", "x, times a slope below 0", infer_same}, evaluate_prelu},
    StandardOp{{"ThresholdedRelu", "x above alpha, else 0", infer_same}, evaluate_thresholded_relu},
    StandardOp{{"Elu", "x, alpha (e^x - 1) below 0", infer_same}, evaluate_elu},
    StandardOp{{"Selu", "Elu scaled by gamma", infer_same}, evaluate_selu},
    StandardOp{{"Celu", "x, alpha (e^(x / alpha) - 1) below 0", infer_same}, evaluate_celu},
    StandardOp{{"Sigmoid", "1 / (1 + e^-x)", infer_same}, evaluate_sigmoid},
    StandardOp{{"HardSigmoid", "alpha x + beta within 0 and 1", infer_same}, evaluate_hard_sigmoid},
    StandardOp{{"HardSwish", "x times HardSigmoid(x)", infer_same}, evaluate_hard_swish},
    StandardOp{{"Swish", "x sigmoid(alpha x)", infer_same}, evaluate_swish},
    StandardOp{{"Mish", "x tanh(softplus(x))", infer_same}, evaluate_mish},
    StandardOp{{"Gelu", "x times the normal distribution's share below x", infer_same}, evaluate_gelu},
    StandardOp{{"Softplus", "log(1 + e^x)", infer_same}, evaluate_softplus},
    StandardOp{{"Softsign", "x / (1 + |x|)", infer_same}, evaluate_softsign},
    StandardOp{{"Shrink", "x towards 0 by bias, 0 within lambd", infer_same}, evaluate_shrink},
    StandardOp{{"Clip", "x within limits", infer_same}, evaluate_clip},
    StandardOp{{"Softmax", "e^x as shares of their sum along an axis", infer_same}, evaluate_softmax<false>},
    StandardOp{{"LogSoftmax", "logarithm of Softmax", infer_same}, evaluate_softmax<true>},
    StandardOp{{"Hardmax", "1 for the first largest along an axis, else 0", infer_same}, evaluate_hardmax},
};

}  // namespace

std::span<const StandardOp> activation_ops() { return kOps; }

}  // namespace adze::ops
