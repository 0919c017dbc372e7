// Floats <-> integers with a scale and a zero point.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
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

/// f32 to bytes with one scale and zero point.
HostTensor quantize_to_bytes(const HostTensor& x, float scale, const HostTensor& zero) {
  const auto limits = integer_limits(zero);
  const auto shift = static_cast<float>(read_number(zero));
  const auto least = static_cast<float>(limits.least) - shift, most = static_cast<float>(limits.most) - shift;
  return map_each<float, uint8_t>(x, zero.type(), [=](float v) {
    // Written so that what is no number becomes the zero point's code.
    const float quotient = v / scale, low = quotient > least ? quotient : quotient == quotient ? least : 0.0f;
    const float kept = low < most ? low : most;
    return static_cast<uint8_t>(static_cast<int32_t>((kept + 0x1.8p23f) - 0x1.8p23f + shift));
  });
}

HostValues evaluate_quantize(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const StorageType type = quantized_type(call);
  if (call.has(2) && is_byte(call.tensor(2)) && call.tensor(2).count() == 1 && call.tensor(1).count() == 1 &&
      x.type() == &codecs::f32.info && call.tensor(1).type() == x.type()) {
    return {quantize_to_bytes(x, call.tensor(1).numbers<float>()[0], call.tensor(2))};
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

HostTensor bytes_to_f32(const HostTensor& x, float scale, double zero) {
  std::array<float, 256> values{};
  for (size_t code = 0; code < 256; ++code) {
    const double number = x.type() == &codecs::i8.info ? static_cast<int8_t>(code) : static_cast<double>(code);
    values[code] = static_cast<float>((number - zero) * static_cast<double>(scale));
  }
  return map_each<uint8_t, float>(x, &codecs::f32.info, [&](uint8_t code) { return values[code]; });
}

HostValues evaluate_dequantize(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const bool plain = is_byte(x) && call.tensor(1).count() == 1 && call.tensor(1).type() == &codecs::f32.info &&
                     (!call.has(2) || call.tensor(2).count() == 1) && call.integer("output_dtype", 0) <= 1;
  if (plain) {
    return {bytes_to_f32(x, call.tensor(1).numbers<float>()[0], call.has(2) ? read_number(call.tensor(2)) : 0.0)};
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
  return {is_narrow_float(type) ? narrow_floats(result, type) : result};
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

/// (a - zero) * scale for each of the 256 codes.
std::array<float, 256> code_values(const HostTensor& scale, const HostTensor& zero) {
  const double step = read_number(scale), shift = read_number(zero);
  std::array<float, 256> values{};
  for (size_t code = 0; code < 256; ++code) {
    const double number = zero.type() == &codecs::i8.info ? static_cast<int8_t>(code) : static_cast<double>(code);
    values[code] = static_cast<float>((number - shift) * step);
  }
  return values;
}

/// ONNX Runtime's: a, scale, zero, b, scale, zero, scale, zero.
HostValues evaluate_q_linear_add(const StandardCall& call) {
  const HostTensor &a = call.tensor(0), &b = call.tensor(3), &zero = call.tensor(7);
  for (const HostTensor* bytes : {&a, &b, &zero}) {
    if (!is_byte(*bytes)) fail_type(*bytes, "u8 or i8");
  }
  auto left = code_values(call.tensor(1), call.tensor(2)), right = code_values(call.tensor(4), call.tensor(5));
  const double step = read_number(call.tensor(6));
  // Scaled already: a sum needs no product of its own.
  for (float& value : left) value = static_cast<float>(value / step);
  for (float& value : right) value = static_cast<float>(value / step);
  const auto limits = integer_limits(zero);
  const auto shift = static_cast<float>(read_number(zero));
  const auto least = static_cast<float>(limits.least) - shift, most = static_cast<float>(limits.most) - shift;
  return {map_pairs<uint8_t, uint8_t>(a, b, zero.type(), [&](uint8_t x, uint8_t y) {
    const float sum = std::clamp(left[x] + right[y], least, most);
    return static_cast<uint8_t>(static_cast<int32_t>(std::nearbyint(sum) + shift));
  })};
}

/// ONNX Runtime's: x, scale, zero, scale, zero; channels first.
HostValues evaluate_q_linear_global_average_pool(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &zero = call.tensor(4);
  require_rank(x, 3);
  if (call.integer("channels_last", 0) != 0) fail(ErrorCode::unsupported, "channels last");
  for (const HostTensor* bytes : {&x, &zero}) {
    if (!is_byte(*bytes)) fail_type(*bytes, "u8 or i8");
  }
  std::vector<int64_t> dims(x.rank(), 1);
  dims[0] = x.dim(0);
  dims[1] = x.dim(1);
  HostTensor means(&codecs::f64.info, dims);
  const int64_t plane = means.count() == 0 ? 0 : x.count() / means.count();
  const double shift = read_number(call.tensor(2)), scale = read_number(call.tensor(1));
  visit_integers(x, [&](auto tag) {
    const auto* from = x.numbers<typename decltype(tag)::type>().data();
    for (double& mean : means.fill<double>()) {
      int64_t sum = 0;
      for (int64_t i = 0; i < plane; ++i) sum += static_cast<int64_t>(*from++);
      mean = (static_cast<double>(sum) / static_cast<double>(plane) - shift) * scale;
    }
  });
  return {quantize_along(means, call.tensor(3), zero, 1)};
}

Types infer_q_linear_add(const graph::NodeTypes& node) {
  const auto a = type_of_input(node, 0), b = type_of_input(node, 3);
  return infer_broadcast_as({node.node, {&a, &b}}, storage_of_input(node, 7));
}

Types infer_q_linear_pool(const graph::NodeTypes& node) {
  auto types = infer_same_rank(node, 2);
  for (auto& type : types) {
    type.storage = storage_of_input(node, 4);
    for (size_t i = 2; i < type.dims.size(); ++i) type.dims[i] = 1;
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
