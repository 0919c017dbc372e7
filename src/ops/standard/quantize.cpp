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

HostValues evaluate_quantize(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const StorageType type = quantized_type(call);
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

HostValues evaluate_dequantize(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
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
    StandardOp{{"DynamicQuantizeLinear", "floats to u8 over their range", infer_dynamic_quantize},
               evaluate_dynamic_quantize},
};

}  // namespace

std::span<const StandardOp> quantize_ops() { return kOps; }

}  // namespace adze::ops
