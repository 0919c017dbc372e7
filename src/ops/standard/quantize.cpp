// Floats <-> integers with a scale and a zero point.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/byte_products.h"
#include "ops/standard/fixed_point_products.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/matrix_product.h"
#include "ops/standard/narrow_floats.h"
#include "ops/standard/op_families.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

size_t quantized_axis(const StandardCall& call, const HostTensor& x) {
  if (x.rank() == 0) return 0;
  const bool one = call.tensor(1).count() == 1 && call.tensor(1).rank() <= 1;
  return one ? 0 : checked_axis(call.integer("axis", 1), x.rank());
}

/// Of the zero point, the attribute, or u8.
StorageType quantized_type(const StandardCall& call) {
  if (call.has(2)) return call.tensor(2).type();
  const int64_t number = call.integer("output_dtype", 0);
  return number == 0 ? &codecs::u8.info : element_type(number);
}

HostTensor to_f32(const HostTensor& f64) {
  return map_each<double, float>(f64, &codecs::f32.info, [](double x) { return static_cast<float>(x); });
}

bool is_byte(const HostTensor& x) { return x.type() == &codecs::u8.info || x.type() == &codecs::i8.info; }

constexpr int64_t kNumbersOfPiece = 1 << 14;

/// piece(first, count) over a tensor's numbers, on all threads.
template <typename Piece>
void each_piece(const StandardCall& call, int64_t count, Piece piece) {
  for_each_index(call.pool, (count + kNumbersOfPiece - 1) / kNumbersOfPiece, [&](int64_t index) {
    const int64_t first = index * kNumbersOfPiece;
    piece(first, std::min(kNumbersOfPiece, count - first));
  });
}

const uint8_t* bytes_of(const HostTensor& x) { return reinterpret_cast<const uint8_t*>(x.bytes().data()); }
uint8_t* bytes_to(HostTensor& x) { return reinterpret_cast<uint8_t*>(x.fill_bytes().data()); }

ByteCoding coding_of(const HostTensor& zero) {
  const auto limits = integer_limits(zero);
  return {0, 1, static_cast<int32_t>(read_number(zero)), static_cast<int32_t>(limits.least),
          static_cast<int32_t>(limits.most)};
}

ByteScaling scaling_of(const HostTensor& x, double scale, double zero) {
  return {x.type() == &codecs::i8.info, static_cast<int32_t>(zero), static_cast<float>(scale)};
}

/// f32 to bytes with one scale and zero point.
HostTensor quantize_to_bytes(const StandardCall& call, float scale, const HostTensor& zero) {
  const HostTensor& x = call.tensor(0);
  HostTensor result(zero.type(), x.dims());
  const float* from = x.numbers<float>().data();
  uint8_t* to = bytes_to(result);
  const auto coding = coding_of(zero);
  each_piece(call, x.count(),
             [&](int64_t first, int64_t count) { codes_of_quotients(from + first, count, scale, coding, to + first); });
  return result;
}

HostValues evaluate_quantize(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const StorageType type = quantized_type(call);
  if (call.has(2) && is_byte(call.tensor(2)) && call.tensor(2).count() == 1 && call.tensor(1).count() == 1 &&
      x.type() == &codecs::f32.info && call.tensor(1).type() == x.type()) {
    return {quantize_to_bytes(call, call.tensor(1).numbers<float>()[0], call.tensor(2))};
  }
  if (!type) fail(ErrorCode::bad_input, "attribute 'output_dtype' names no type of numbers");
  const size_t axis = quantized_axis(call, x);
  const HostTensor scales = spread_parameter(to_f64(call.tensor(1)), x, axis, call.integer("block_size", 0));
  // Divided as f32, which the result's rounding depends on.
  const HostTensor quotients = map_pairs<double, double>(to_f64(x), scales, scales.type(), [](double a, double b) {
    return static_cast<double>(static_cast<float>(a) / static_cast<float>(b));
  });
  if (is_narrow_float(type)) return {narrow_floats(to_f32(quotients), type, call.integer("saturate", 1) != 0)};
  const HostTensor codes =
      map_each<double, double>(quotients, quotients.type(), [](double q) { return std::nearbyint(q); });
  if (!call.has(2)) return {round_to_integers(codes, type)};
  const HostTensor shifts = spread_parameter(to_f64(call.tensor(2)), x, axis, call.integer("block_size", 0));
  return {round_to_integers(
      map_pairs<double, double>(codes, shifts, codes.type(), [](double a, double b) { return a + b; }), type)};
}

HostTensor bytes_to_f32(const StandardCall& call, float scale, double zero) {
  const HostTensor& x = call.tensor(0);
  HostTensor result(&codecs::f32.info, x.dims());
  float* to = result.fill<float>().data();
  const auto scaling = scaling_of(x, static_cast<double>(scale), zero);
  each_piece(call, x.count(),
             [&](int64_t first, int64_t count) { scaled_bytes(bytes_of(x) + first, count, scaling, to + first); });
  return result;
}

HostTensor dequantize(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const bool plain = is_byte(x) && call.tensor(1).count() == 1 && call.tensor(1).type() == &codecs::f32.info &&
                     (!call.has(2) || call.tensor(2).count() == 1) && call.integer("output_dtype", 0) <= 1;
  if (plain) {
    return bytes_to_f32(call, call.tensor(1).numbers<float>()[0], call.has(2) ? read_number(call.tensor(2)) : 0.0);
  }
  const size_t axis = quantized_axis(call, x);
  const int64_t block = call.integer("block_size", 0), number = call.integer("output_dtype", 0);
  const StorageType type = number == 0 ? call.tensor(1).type() : element_type(number);
  HostTensor wide = to_f64(x);
  if (call.has(2)) {
    const HostTensor shifts = spread_parameter(to_f64(call.tensor(2)), x, axis, block);
    wide = map_pairs<double, double>(wide, shifts, wide.type(), [](double a, double b) { return a - b; });
  }
  const HostTensor scales = spread_parameter(to_f64(call.tensor(1)), x, axis, block);
  const HostTensor result =
      to_f32(map_pairs<double, double>(wide, scales, wide.type(), [](double a, double b) { return a * b; }));
  return is_narrow_float(type) ? narrow_floats(result, type) : result;
}

/// Weights that are used as floats after all are computed once.
HostValues evaluate_dequantize(const StandardCall& call) {
  const bool keeps = call.keeps(1) && (!call.has(2) || call.keeps(2));
  if (keeps && call.keeps(0)) return {*call.kept_of(0, [&] { return dequantize(call); })};
  return {dequantize(call)};
}

HostValues evaluate_dynamic_quantize(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  require_type(x, &codecs::f32.info);
  float least = 0, most = 0;
  for (const float v : x.numbers<float>()) {
    least = std::min(least, v);
    most = std::max(most, v);
  }
  const float scale = most == least ? 1.0f : (most - least) / 255.0f;
  const float zero = std::clamp(std::nearbyint(-least / scale), 0.0f, 255.0f);
  const auto codes = map_each<float, uint8_t>(x, &codecs::u8.info, [&](float v) {
    return static_cast<uint8_t>(std::clamp(std::nearbyint(v / scale) + zero, 0.0f, 255.0f));
  });
  const std::array<float, 1> scales{scale};
  const std::array<uint8_t, 1> zeros{static_cast<uint8_t>(zero)};
  return {codes, float_tensor({}, scales), HostTensor::of<uint8_t>(&codecs::u8.info, {}, zeros)};
}

/// What `fixed_point` asks for, where zero points and quotients of scales are such that it can be had.
std::optional<FixedPointSum> fixed_point_sum_of(const StandardCall& call) {
  const HostTensor &a = call.tensor(0), &b = call.tensor(3), &zero = call.tensor(7);
  if (call.integer("fixed_point", 0) == 0) return std::nullopt;
  const auto step = static_cast<float>(read_number(call.tensor(6)));
  const auto ratio = [&](size_t input) { return static_cast<float>(read_number(call.tensor(input))) / step; };
  const auto shift = [&](size_t input) { return static_cast<int32_t>(read_number(call.tensor(input))); };
  FixedPointSum sum;
  if (!set_factors(sum, ratio(1), ratio(4), shift(2), shift(5))) return std::nullopt;
  const auto coding = coding_of(zero);
  sum.zero = coding.zero;
  sum.least = coding.least;
  sum.most = coding.most;
  sum.a_is_signed = a.type() == &codecs::i8.info;
  sum.b_is_signed = b.type() == &codecs::i8.info;
  sum.b_step = b.count() == 1 ? 0 : 1;
  return sum;
}

/// ONNX Runtime's: a, scale, zero, b, scale, zero, scale, zero. With `fixed_point`, LiteRT's arithmetic.
HostValues evaluate_q_linear_add(const StandardCall& call) {
  const HostTensor &a = call.tensor(0), &b = call.tensor(3), &zero = call.tensor(7);
  for (const HostTensor* bytes : {&a, &b, &zero, &call.tensor(2), &call.tensor(5)}) {
    if (!is_byte(*bytes)) fail_type(*bytes, "u8 or i8");
  }
  // Scaled already: a sum needs no product of its own.
  const double step = read_number(call.tensor(6));
  ByteSum sum{scaling_of(a, read_number(call.tensor(1)) / step, read_number(call.tensor(2))),
              scaling_of(b, read_number(call.tensor(4)) / step, read_number(call.tensor(5))), coding_of(zero), 1};
  const auto shape = broadcast_dims(a.dims(), b.dims());
  const HostTensor left = broadcast_to(a, shape), right = b.count() == 1 ? b : broadcast_to(b, shape);
  sum.b_step = b.count() == 1 ? 0 : 1;
  HostTensor result(zero.type(), shape);
  uint8_t* to = bytes_to(result);
  if (const auto fixed = fixed_point_sum_of(call)) {
    each_piece(call, result.count(), [&](int64_t first, int64_t count) {
      add_bytes_fixed(*fixed, bytes_of(left) + first, bytes_of(right) + first * fixed->b_step, count, to + first);
    });
    return {result};
  }
  each_piece(call, result.count(), [&](int64_t first, int64_t count) {
    add_bytes(sum, bytes_of(left) + first, bytes_of(right) + first * sum.b_step, count, to + first);
  });
  return {result};
}

/// Sums of `count` pixels' channels, which come last.
void sum_pixels(const uint8_t* from, int64_t count, bool is_signed, std::span<int64_t> sums) {
  constexpr int64_t kAtOnce = 1 << 20;  // bytes whose sum fits into i32
  const auto channels = static_cast<int64_t>(sums.size());
  std::vector<int32_t> some(sums.size());
  for (int64_t first = 0; first < count; first += kAtOnce) {
    std::ranges::fill(some, 0);
    for (int64_t i = first; i < std::min(count, first + kAtOnce); ++i) {
      add_to_sums(from + i * channels, channels, is_signed, some.data());
    }
    for (size_t channel = 0; channel < sums.size(); ++channel) sums[channel] += some[channel];
  }
}

/// The sum of a channel whose numbers lie together.
int64_t sum_plane(const uint8_t* from, int64_t count, bool is_signed) {
  const auto* numbers = reinterpret_cast<const int8_t*>(from);
  int64_t sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += is_signed ? numbers[i] : from[i];
  return sum;
}

/// Sums of each channel's numbers: [batch][channels].
std::vector<int64_t> channel_sums(const HostTensor& x, int64_t channels, bool last) {
  const int64_t count = x.count() / std::max<int64_t>(1, x.dim(0) * channels);
  const bool is_signed = x.type() == &codecs::i8.info;
  std::vector<int64_t> sums(static_cast<size_t>(x.dim(0) * channels));
  const uint8_t* from = bytes_of(x);
  for (int64_t first = 0; first < x.dim(0) * channels; first += channels, from += count * channels) {
    const auto row = std::span(sums).subspan(static_cast<size_t>(first), static_cast<size_t>(channels));
    if (last) {
      sum_pixels(from, count, is_signed, row);
      continue;
    }
    for (int64_t c = 0; c < channels; ++c) row[static_cast<size_t>(c)] = sum_plane(from + c * count, count, is_signed);
  }
  return sums;
}

/// ONNX Runtime's: x, scale, zero, scale, zero.
HostValues evaluate_q_linear_global_average_pool(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &zero = call.tensor(4);
  require_rank(x, 3);
  const bool last = call.integer("channels_last", 0) != 0;
  for (const HostTensor* bytes : {&x, &zero}) {
    if (!is_byte(*bytes)) fail_type(*bytes, "u8 or i8");
  }
  const size_t axis = last ? x.rank() - 1 : 1;
  std::vector<int64_t> dims(x.rank(), 1);
  dims[0] = x.dim(0);
  dims[axis] = x.dim(axis);
  HostTensor means(&codecs::f64.info, dims);
  const int64_t plane = means.count() == 0 ? 0 : x.count() / means.count();
  const auto sums = channel_sums(x, dims[axis], last);
  const double shift = read_number(call.tensor(2)), scale = read_number(call.tensor(1));
  std::ranges::transform(sums, means.fill<double>().begin(), [&](int64_t sum) {
    return (static_cast<double>(sum) / static_cast<double>(plane) - shift) * scale;
  });
  return {quantize_along(means, call.tensor(3), zero, 1)};
}

Types infer_q_linear_add(const graph::NodeTypes& node) {
  const auto a = type_of_input(node, 0), b = type_of_input(node, 3);
  return infer_broadcast_as({node.node, {&a, &b}}, storage_of_input(node, 7));
}

Types infer_q_linear_pool(const graph::NodeTypes& node) {
  auto types = infer_same(node);
  const bool last = int_attribute_or(node.node, "channels_last", 0) != 0;
  for (auto& type : types) {
    type.storage = storage_of_input(node, 4);
    for (size_t i = 1; i < type.dims.size(); ++i) {
      if (i != (last ? type.dims.size() - 1 : 1)) type.dims[i] = 1;
    }
  }
  return types;
}

Types infer_quantize(const graph::NodeTypes& node) {
  if (node.inputs.size() > 2 && node.inputs[2]) return infer_same_as(node, storage_of_input(node, 2));
  if (int_attribute_or(node.node, "output_dtype", 0) == 0) return infer_same_as(node, &codecs::u8.info);
  return infer_by_attribute(node, "output_dtype", &codecs::u8.info, true);
}

Types infer_dequantize(const graph::NodeTypes& node) {
  if (int_attribute_or(node.node, "output_dtype", 0) == 0) return infer_same_as(node, storage_of_input(node, 1));
  return infer_by_attribute(node, "output_dtype", &codecs::f32.info, true);
}

Types infer_dynamic_quantize(const graph::NodeTypes& node) {
  auto codes = type_of_input(node, 0);
  codes.storage = &codecs::u8.info;
  Types types{codes, graph::ValueType::tensor(&codecs::f32.info, {}), graph::ValueType::tensor(&codecs::u8.info, {})};
  types.resize(node.node.outputs.size(), any_tensor(nullptr));
  return types;
}

constexpr std::array kOps = {
    StandardOp{{"QuantizeLinear", "floats to integers or 8-bit floats", infer_quantize},
               evaluate_quantize,
               NarrowFloats::as_is},
    StandardOp{{"DequantizeLinear", "integers or 8-bit floats to floats", infer_dequantize},
               evaluate_dequantize,
               NarrowFloats::as_is},
    StandardOp{{"QLinearAdd", "sums of quantized numbers, quantized", infer_q_linear_add}, evaluate_q_linear_add},
    StandardOp{{"QLinearGlobalAveragePool", "the mean of each channel of quantized numbers", infer_q_linear_pool},
               evaluate_q_linear_global_average_pool},
    StandardOp{{"DynamicQuantizeLinear", "floats to u8 over their range", infer_dynamic_quantize},
               evaluate_dynamic_quantize},
};

}  // namespace

std::span<const StandardOp> quantize_ops() { return kOps; }

}  // namespace adze::ops
