#include "ops/standard/standard_op.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "ops/standard/narrow_floats.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

// By ONNX's numbers of element types; 0 is undefined, 8 are texts.
constexpr std::array<StorageType, 27> kElementTypes = {
    nullptr,
    &codecs::f32.info,
    &codecs::u8.info,
    &codecs::i8.info,
    &kU16,
    &codecs::i16.info,
    &codecs::i32.info,
    &codecs::i64.info,
    nullptr,
    &codecs::boolean.info,
    &codecs::f16.info,
    &codecs::f64.info,
    &kU32,
    &kU64,
    &kComplex64,
    &kComplex128,
    &codecs::bf16.info,
    &codecs::f8_e4m3.info,
    &kF8E4M3Fnuz,
    &codecs::f8_e5m2.info,
    &kF8E5M2Fnuz,
    &kU4,
    &kI4,
    &kF4E2M1,
    &kF8E8M0,
    &kU2,
    &kI2,
};

const graph::Attribute* find_attribute(const graph::Node& node, std::string_view name) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? nullptr : &found->second;
}

HostValue widened(const HostValue& value) {
  return value.is_tensor() && is_narrow_float(value.tensor().type()) ? HostValue(widen_floats(value.tensor())) : value;
}

HostValues evaluate_in_f32(const StandardOp& op, const StandardCall& call) {
  HostValues inputs;
  std::vector<graph::ValueType> types(call.inputs.size());
  graph::NodeTypes node_types{call.node, {}};
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    inputs.push_back(widened(call.inputs[i]));
    if (call.inputs[i].is_tensor()) {
      const auto& tensor = call.inputs[i].tensor();
      types[i] = graph::ValueType::tensor(tensor.type(), {tensor.dims().begin(), tensor.dims().end()});
    }
    node_types.inputs.push_back(call.inputs[i].is_nothing() ? nullptr : &types[i]);
  }
  auto outputs = op.evaluate({call.node, inputs, call.run_body, call.pool, call.memory});
  const auto expected = op.infer(node_types);
  for (size_t i = 0; i < outputs.size() && i < expected.size(); ++i) {
    const StorageType type = expected[i].storage;
    if (!outputs[i].is_tensor() || outputs[i].tensor().type() != &codecs::f32.info || !is_narrow_float(type)) continue;
    outputs[i] = narrow_floats(outputs[i].tensor(), type);
  }
  return outputs;
}

}  // namespace

const HostTensor& HostValue::tensor() const {
  if (const auto* tensor = std::get_if<HostTensor>(&value_)) return *tensor;
  fail(ErrorCode::bad_input, "a tensor is needed where {} is given", is_nothing() ? "nothing" : "a sequence");
}

const HostSequence& HostValue::sequence() const {
  if (const auto* items = std::get_if<std::shared_ptr<const HostSequence>>(&value_)) return **items;
  fail(ErrorCode::bad_input, "a sequence is needed where {} is given", is_nothing() ? "nothing" : "a tensor");
}

const HostTensor& StandardCall::tensor(size_t input) const {
  if (!has(input)) fail(ErrorCode::bad_input, "input {} is missing", input);
  return inputs[input].tensor();
}

HostTensor StandardCall::result_over(StorageType type, const std::vector<int64_t>& dims) const {
  for (const HostValue& input : may_overwrite ? inputs : std::span<const HostValue>()) {
    if (!input.is_tensor()) continue;
    const HostTensor& x = input.tensor();
    if (x.type() == type && x.dims() == dims && x.is_only_owner()) return x;
  }
  return HostTensor(type, dims);
}

std::optional<std::vector<int64_t>> StandardCall::integers(std::string_view name) const {
  const auto* attribute = find_attribute(node, name);
  if (!attribute) return std::nullopt;
  if (const auto* list = std::get_if<std::vector<int64_t>>(attribute)) return *list;
  fail(ErrorCode::bad_input, "attribute '{}' must be a list of integers", name);
}

std::vector<double> StandardCall::numbers(std::string_view name) const {
  const auto* attribute = find_attribute(node, name);
  if (!attribute) return {};
  if (const auto* list = std::get_if<std::vector<double>>(attribute)) return *list;
  if (const auto* list = std::get_if<std::vector<int64_t>>(attribute)) return {list->begin(), list->end()};
  fail(ErrorCode::bad_input, "attribute '{}' must be a list of numbers", name);
}

std::vector<std::string> StandardCall::words(std::string_view name) const {
  std::vector<std::string> lines;
  const std::string text = word(name, "");
  for (size_t start = 0; !text.empty() && start <= text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::optional<std::vector<int64_t>> StandardCall::integers_of(size_t input) const {
  return has(input) ? std::optional(read_integers(tensor(input))) : std::nullopt;
}

HostValues evaluate(const StandardOp& op, const StandardCall& call) {
  if (op.narrow_floats == NarrowFloats::as_f32) {
    for (const HostValue& input : call.inputs) {
      if (input.is_tensor() && is_narrow_float(input.tensor().type())) return evaluate_in_f32(op, call);
    }
  }
  return op.evaluate(call);
}

StorageType element_type(int64_t number) {
  return number >= 0 && number < static_cast<int64_t>(kElementTypes.size()) ? kElementTypes[static_cast<size_t>(number)]
                                                                            : nullptr;
}

int64_t element_type_number(StorageType type) {
  if (!type) return 8;
  return std::ranges::find(kElementTypes, type) - kElementTypes.begin();
}

size_t checked_axis(int64_t axis, size_t rank) {
  const auto signed_rank = static_cast<int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank) {
    fail(ErrorCode::bad_input, "there is no axis {} among {} dimensions", axis, rank);
  }
  return static_cast<size_t>(axis < 0 ? axis + signed_rank : axis);
}

std::vector<size_t> checked_axes(std::span<const int64_t> axes, size_t rank) {
  std::vector<size_t> checked;
  for (const int64_t axis : axes) {
    checked.push_back(checked_axis(axis, rank));
    if (std::ranges::count(checked, checked.back()) > 1) fail(ErrorCode::bad_input, "axis {} is named twice", axis);
  }
  return checked;
}

void fail_type(const HostTensor& tensor, std::string_view expected) {
  fail(ErrorCode::bad_input, "{} is needed where {} is given", expected, tensor.description());
}

void require_type(const HostTensor& tensor, StorageType type) {
  if (tensor.type() != type) fail_type(tensor, type ? type->name : "text");
}

void require_rank(const HostTensor& tensor, size_t least, size_t most) {
  if (tensor.rank() < least || tensor.rank() > most) {
    fail(ErrorCode::bad_input, "{} does not have the {} dimensions that are needed", tensor.description(),
         least == most ? fmt::format("{}", least) : fmt::format("{} to {}", least, most));
  }
}

std::vector<int64_t> read_integers(const HostTensor& tensor) {
  std::vector<int64_t> numbers;
  visit_integers(tensor, [&](auto tag) {
    for (const auto number : tensor.numbers<typename decltype(tag)::type>()) {
      numbers.push_back(static_cast<int64_t>(number));
    }
  });
  return numbers;
}

double read_number(const HostTensor& tensor) {
  if (tensor.count() != 1) fail(ErrorCode::bad_input, "one number is needed where {} is given", tensor.description());
  if (is_narrow_float(tensor.type())) return read_number(widen_floats(tensor));
  return visit_numbers_and_flags(
      tensor, [&](auto tag) { return static_cast<double>(tensor.numbers<typename decltype(tag)::type>()[0]); });
}

int64_t read_integer(const HostTensor& tensor) {
  if (tensor.count() != 1) fail(ErrorCode::bad_input, "one integer is needed where {} is given", tensor.description());
  return read_integers(tensor)[0];
}

bool read_flag(const HostTensor& tensor) {
  require_type(tensor, &codecs::boolean.info);
  if (tensor.count() != 1) fail(ErrorCode::bad_input, "one bool is needed where {} is given", tensor.description());
  return tensor.numbers<uint8_t>()[0] != 0;
}

HostTensor integer_tensor(std::vector<int64_t> numbers) {
  const auto count = static_cast<int64_t>(numbers.size());
  return HostTensor::of<int64_t>(&codecs::i64.info, {count}, numbers);
}

HostTensor integer_scalar(int64_t number) { return integer_tensor({number}).reshaped({}); }

HostTensor flag_scalar(bool flag) {
  const std::array<uint8_t, 1> byte{flag};
  return HostTensor::of<uint8_t>(&codecs::boolean.info, {}, byte);
}

HostTensor float_tensor(std::vector<int64_t> dims, std::span<const float> numbers) {
  return HostTensor::of<float>(&codecs::f32.info, std::move(dims), numbers);
}

HostTensor zeros(StorageType type, std::vector<int64_t> dims) {
  if (!type) {
    const auto count = static_cast<size_t>(checked_element_count(dims));
    return HostTensor(std::vector<std::string>(count), std::move(dims));
  }
  HostTensor result(type, std::move(dims));
  std::ranges::fill(result.fill_bytes(), std::byte{0});
  return result;
}

}  // namespace adze::ops
