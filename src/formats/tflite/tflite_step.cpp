// lint: foreign names: ONNX
#include "formats/tflite/tflite_step.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/tflite/tflite_importer.h"
#include "ops/standard/quantized_numbers.h"

namespace adze::formats {

using graph::ValueId;

TfliteStep::TfliteStep(const TfliteOperator& operation, TfliteImporter& importer)
    : operation_(operation), importer_(importer), nodes_(importer.nodes()) {}

bool TfliteStep::has(size_t index) const { return index < operation_.inputs.size() && operation_.inputs[index] >= 0; }

ValueId TfliteStep::input(size_t index) {
  if (!has(index)) fail(ErrorCode::bad_input, "input {} is missing", index);
  return importer_.value(operation_.inputs[index]);
}

const TfliteTensor& TfliteStep::tensor(size_t index) const {
  if (!has(index)) fail(ErrorCode::bad_input, "input {} is missing", index);
  return importer_.source().tensors[static_cast<size_t>(operation_.inputs[index])];
}

const TfliteTensor& TfliteStep::output_tensor(size_t index) const {
  if (index >= operation_.outputs.size() || operation_.outputs[index] < 0) {
    fail(ErrorCode::bad_input, "output {} is missing", index);
  }
  return importer_.source().tensors[static_cast<size_t>(operation_.outputs[index])];
}

bool TfliteStep::has_bytes(const TfliteTensor& tensor) {
  const StorageType type = storage_of_tflite(tensor.type);
  return (type == &codecs::i8.info || type == &codecs::u8.info) && tensor.scales && tensor.scales->scales.size() == 1;
}

bool TfliteStep::same_scales(size_t input, size_t output) const {
  const auto &from = tensor(input).scales, &to = output_tensor(output).scales;
  if (!from || !to) return !from && !to;
  return from->scales == to->scales && from->zeros == to->zeros && tensor(input).type == output_tensor(output).type;
}

ValueId TfliteStep::scale_of(const TfliteTensor& tensor) {
  const auto& scales = tensor.scales->scales;
  const bool one = scales.size() == 1;
  return nodes_.constant(
      ops::float_tensor(one ? std::vector<int64_t>() : std::vector{static_cast<int64_t>(scales.size())}, scales));
}

ValueId TfliteStep::zero_of(const TfliteTensor& tensor) {
  const auto& zeros = tensor.scales->zeros;
  const auto count = static_cast<int64_t>(zeros.size());
  HostTensor wide(&codecs::f64.info, count == 1 ? std::vector<int64_t>() : std::vector{count});
  std::ranges::copy(zeros, wide.fill<double>().begin());
  return nodes_.constant(ops::round_to_integers(wide, storage_of_tflite(tensor.type)));
}

ValueId TfliteStep::real(size_t index) {
  const ValueId stored = input(index);
  if (!is_quantized(index)) return stored;
  if (const auto known = importer_.known_real(stored)) return *known;
  const TfliteTensor& source = tensor(index);
  const ValueId made =
      nodes_.add("DequantizeLinear", {stored, scale_of(source), zero_of(source)}, {{"axis", source.scales->axis}});
  importer_.set_real(stored, made);
  return made;
}

std::vector<ValueId> TfliteStep::reals() {
  std::vector<ValueId> values;
  for (size_t i = 0; i < input_count(); ++i) values.push_back(real(i));
  return values;
}

int64_t TfliteStep::constant_integer(size_t index) {
  const auto numbers = constant_integers(index);
  if (numbers.size() != 1) fail(ErrorCode::bad_input, "input {} must be one number", index);
  return numbers[0];
}

ValueId TfliteStep::integer_list(size_t index) {
  if (const auto known = nodes_.integers(input(index))) return nodes_.ints(*known);
  const ValueId list = wide(index);
  return nodes_.rank(list) == 1 ? list : nodes_.reshape(list, {-1});
}

void TfliteStep::give(size_t output, ValueId value) {
  if (output < operation_.outputs.size() && operation_.outputs[output] >= 0) {
    importer_.set_value(operation_.outputs[output], value);
  }
}

void TfliteStep::give_real(size_t output, ValueId value) {
  if (output >= output_count() || operation_.outputs[output] < 0) return;
  const TfliteTensor& target = output_tensor(output);
  if (!target.scales) return give(output, value);
  give(output,
       nodes_.add("QuantizeLinear", {value, scale_of(target), zero_of(target)}, {{"axis", target.scales->axis}}));
}

ValueId TfliteStep::activated(ValueId real, TfliteActivation activation) {
  const StorageType type = nodes_.storage(real) ? nodes_.storage(real) : &codecs::f32.info;
  const auto clipped = [&](double least, double most) {
    return nodes_.add("Clip", {real, nodes_.number(least, type), nodes_.number(most, type)});
  };
  switch (activation) {
    case TfliteActivation::none:
      return real;
    case TfliteActivation::relu:
      return nodes_.add("Relu", {real});
    case TfliteActivation::relu_n1_to_1:
      return clipped(-1, 1);
    case TfliteActivation::relu6:
      return clipped(0, 6);
    case TfliteActivation::tanh:
      return nodes_.add("Tanh", {real});
    case TfliteActivation::sign_bit:
      break;
  }
  refuse("its activation is not known");
}

// What stands for the activation's limits, within the type's.
ValueId TfliteStep::activated_integers(ValueId integers, TfliteActivation activation) {
  if (activation == TfliteActivation::none) return integers;
  const TfliteTensor& target = output_tensor(0);
  const StorageType type = storage_of_tflite(target.type);
  const auto limits = ops::integer_limits(HostTensor(type, {}));
  const auto level = [&](double real) {
    const auto zero = static_cast<double>(target.scales->zeros[0]);
    return std::clamp(zero + std::nearbyint(real / static_cast<double>(target.scales->scales[0])), limits.least,
                      limits.most);
  };
  double least = limits.least, most = limits.most;
  if (activation == TfliteActivation::relu || activation == TfliteActivation::relu6) least = level(0);
  if (activation == TfliteActivation::relu_n1_to_1) least = level(-1);
  if (activation == TfliteActivation::relu6) most = level(6);
  if (activation == TfliteActivation::relu_n1_to_1) most = level(1);
  if (activation == TfliteActivation::tanh || activation == TfliteActivation::sign_bit) {
    refuse("its activation is not known for integers");
  }
  if (least <= limits.least && most >= limits.most) return integers;
  return nodes_.add("Clip", {integers, nodes_.number(least, type), nodes_.number(most, type)});
}

void TfliteStep::refuse(std::string_view what) const { fail(ErrorCode::unsupported, "{}", what); }

}  // namespace adze::formats
