#include "passes/constant_tensors.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/model.h"

namespace adze::passes {
namespace {

using graph::ValueId;
using graph::ValueOrigin;

constexpr size_t kAlignment = 16;
/// What importers keep in the graph, too.
constexpr size_t kMaxConstantBytes = 1024;

}  // namespace

HostTensor tensor_of_constant(const graph::Value& value) {
  std::vector<int64_t> dims;
  for (const graph::Dim& dim : value.type.dims) dims.push_back(dim.constant());
  HostTensor tensor(value.type.storage, std::move(dims));
  std::ranges::copy(value.constant, tensor.fill_bytes().begin());
  return tensor;
}

HostTensor tensor_of_weight(const model::Tensor& weight) {
  const auto dims = weight.shape.dims();
  std::vector<std::byte> scratch;
  const auto bytes = weight.source->rows(0, weight.shape.row_count(), scratch);
  if (reinterpret_cast<uintptr_t>(bytes.data()) % kAlignment == 0 && scratch.empty()) {
    return HostTensor(weight.storage, {dims.begin(), dims.end()}, weight.source, bytes.data());
  }
  HostTensor tensor(weight.storage, {dims.begin(), dims.end()});
  std::ranges::copy(bytes, tensor.fill_bytes().begin());
  return tensor;
}

bool ConstantTensors::knows(ValueId id) const {
  if (id == graph::kNoValue) return false;
  const graph::Value& value = graph_.value(id);
  if (value.type.kind != graph::ValueKind::tensor) return false;
  if (value.origin == ValueOrigin::constant) return true;
  if (value.origin == ValueOrigin::captured) return enclosing_ && ConstantTensors(*enclosing_).knows(value.outer);
  return value.origin == ValueOrigin::weight && weights_ && weights_->contains(value.name);
}

HostTensor ConstantTensors::at(ValueId id) const {
  const graph::Value& value = graph_.value(id);
  if (value.origin == ValueOrigin::captured) return ConstantTensors(*enclosing_).at(value.outer);
  return value.origin == ValueOrigin::constant ? tensor_of_constant(value) : tensor_of_weight(weights_->at(value.name));
}

std::optional<HostTensor> ConstantTensors::find(ValueId id) const {
  return knows(id) ? std::optional(at(id)) : std::nullopt;
}

std::string ConstantTensors::unique_name(const std::string& name) const {
  const auto taken = [&](const std::string& candidate) {
    return graph_.find_value(candidate) || (weights_ && weights_->contains(candidate));
  };
  std::string unique = name;
  for (int number = 1; taken(unique); ++number) unique = fmt::format("{}~{}", name, number);
  return unique;
}

ValueId ConstantTensors::add(const std::string& name, const HostTensor& numbers) const {
  const auto type = graph::ValueType::tensor(numbers.type(), {numbers.dims().begin(), numbers.dims().end()});
  graph::Value value{unique_name(name), type, ValueOrigin::constant, {}, graph::kNoValue};
  std::vector<std::byte> bytes(numbers.bytes().begin(), numbers.bytes().end());
  if (!weights_ || bytes.size() <= kMaxConstantBytes) {
    value.constant = std::move(bytes);
  } else {
    value.origin = ValueOrigin::weight;
    weights_->add(model::owned_tensor(value.name, Shape(numbers.dims()), numbers.type(), std::move(bytes)));
  }
  return graph_.add_value(std::move(value));
}

}  // namespace adze::passes
