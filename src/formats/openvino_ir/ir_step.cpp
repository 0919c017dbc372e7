#include "formats/openvino_ir/ir_step.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/openvino_ir/ir_numbers.h"
#include "ops/standard/narrow_floats.h"
#include "ops/standard/quantized_numbers.h"

namespace adze::formats {
namespace {

/// The constant that a value in f32 is widened from; else the value itself.
const graph::Value& unwidened(const graph::Graph& graph, graph::ValueId id) {
  const graph::Value& value = graph.value(id);
  if (value.origin != graph::ValueOrigin::node || value.type.storage != &codecs::f32.info) return value;
  const auto makes_it = [&](const graph::Node& node) { return std::ranges::count(node.outputs, id) > 0; };
  const auto maker = std::ranges::find_if(graph.nodes.rbegin(), graph.nodes.rend(), makes_it);
  if (maker == graph.nodes.rend() || maker->op->name != "Cast") return value;
  const graph::Value& from = graph.value(maker->inputs.at(0));
  return from.type.storage && ops::is_narrow_float(from.type.storage) ? from : value;
}

}  // namespace

int64_t IrStep::opset() const {
  constexpr std::string_view kPrefix = "opset";
  const std::string_view text = layer_.opset;
  int64_t number = 0;
  if (text.starts_with(kPrefix)) std::from_chars(text.data() + kPrefix.size(), text.data() + text.size(), number);
  return number;
}

graph::ValueId IrStep::input(size_t index) const {
  if (!has(index)) fail(ErrorCode::bad_input, "input {} is missing", index);
  return inputs_[index];
}

StorageType IrStep::known_storage(size_t index) const {
  const StorageType known = storage(index);
  if (!known) refuse("the element type of its input must be known before it runs");
  return known;
}

int64_t IrStep::constant_integer(size_t index) const {
  const auto numbers = constant_integers(index);
  if (numbers.size() != 1) fail(ErrorCode::bad_input, "input {} must be one number", index);
  return numbers[0];
}

std::optional<std::vector<double>> IrStep::constant_numbers(size_t index) const {
  const graph::Value& value = unwidened(nodes_.graph(), input(index));
  if (value.origin != graph::ValueOrigin::constant) return std::nullopt;
  const HostTensor wide = ops::to_f64(host_tensor(value));
  const auto numbers = wide.numbers<double>();
  return std::vector<double>(numbers.begin(), numbers.end());
}

graph::ValueId IrStep::integer_list(size_t index) {
  if (const auto known = nodes_.integers(input(index))) return nodes_.ints(*known);
  const ValueId wide = nodes_.cast(input(index), &codecs::i64.info);
  return nodes_.rank(wide) == 1 ? wide : nodes_.reshape(wide, {-1});
}

std::string IrStep::word(std::string_view name, std::string_view fallback) const {
  const auto found = layer_.attributes.find(name);
  return found == layer_.attributes.end() ? std::string(fallback) : found->second;
}

int64_t IrStep::integer(std::string_view name, int64_t fallback) const {
  const auto found = layer_.attributes.find(name);
  if (found == layer_.attributes.end()) return fallback;
  const std::string& text = found->second;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail(ErrorCode::bad_input, "attribute '{}' is \"{}\" where a whole number is needed", name, text);
  }
  return number;
}

double IrStep::number(std::string_view name, double fallback) const {
  const auto found = layer_.attributes.find(name);
  if (found == layer_.attributes.end()) return fallback;
  const std::string& text = found->second;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail(ErrorCode::bad_input, "attribute '{}' is \"{}\" where a number is needed", name, text);
  }
  return number;
}

bool IrStep::flag(std::string_view name, bool fallback) const {
  const std::string text = word(name, fallback ? "true" : "false");
  return text == "true" || text == "1" || text == "True";
}

std::vector<int64_t> IrStep::integers(std::string_view name) const {
  return ir_dims(word(name, "")).value_or(std::vector<int64_t>());
}

StorageType IrStep::type(std::string_view name, std::string_view fallback) const {
  return storage_of_ir(word(name, fallback));
}

void IrStep::give(size_t output, ValueId value) {
  if (output < outputs_.size()) outputs_[output] = value;
}

void IrStep::refuse(std::string_view what) const { fail(ErrorCode::unsupported, "{}", what); }

}  // namespace adze::formats
