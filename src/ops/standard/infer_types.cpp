#include "ops/standard/infer_types.h"

#include <algorithm>

#include "base/error.h"
#include "ops/standard/standard_op.h"

namespace adze::ops {
namespace {

using graph::Dim;
using graph::NodeTypes;
using graph::ValueKind;
using graph::ValueType;

Dim broadcast_dim(const Dim& a, const Dim& b) {
  if (a.is_constant() && a.constant() == 1) return b;
  if (b.is_constant() && b.constant() == 1) return a;
  if (a == b) return a;
  if (a.is_constant() && b.is_constant()) {
    fail(ErrorCode::bad_input, "dimensions {} and {} do not fit together", a.constant(), b.constant());
  }
  if (a.is_constant()) return a;  // the other is this size or 1
  return b.is_constant() ? b : Dim::unknown();
}

std::vector<Dim> broadcast_dims(const std::vector<Dim>& a, const std::vector<Dim>& b) {
  const auto& longer = a.size() >= b.size() ? a : b;
  const auto& shorter = a.size() >= b.size() ? b : a;
  std::vector<Dim> dims = longer;
  const size_t ahead = longer.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) dims[ahead + i] = broadcast_dim(longer[ahead + i], shorter[i]);
  return dims;
}

bool is_known_tensor(const ValueType* type) { return type && type->kind == ValueKind::tensor && type->rank_known; }

}  // namespace

ValueType any_tensor(StorageType storage) { return {ValueKind::tensor, storage, {}, false, nullptr}; }

ValueType type_of_input(const NodeTypes& node, size_t input) {
  return input < node.inputs.size() && node.inputs[input] ? *node.inputs[input] : any_tensor(nullptr);
}

StorageType storage_of_input(const NodeTypes& node, size_t input) { return type_of_input(node, input).storage; }

Types infer_storage(const NodeTypes& node) {
  auto type = type_of_input(node, 0);
  if (type.kind == ValueKind::tensor || type.kind == ValueKind::string) {
    type.dims.clear();
    type.rank_known = false;
  }
  return Types(node.node.outputs.size(), type);
}

Types infer_broadcast(const NodeTypes& node) {
  auto types = infer_broadcast_as(node, storage_of_input(node, 0));
  return types;
}

Types infer_broadcast_as(const NodeTypes& node, StorageType storage) {
  if (!std::ranges::all_of(node.inputs, is_known_tensor)) return Types(node.node.outputs.size(), any_tensor(storage));
  std::vector<Dim> dims;
  for (const ValueType* input : node.inputs) dims = broadcast_dims(dims, input->dims);
  return Types(node.node.outputs.size(), ValueType::tensor(storage, dims));
}

Types infer_same_as(const NodeTypes& node, StorageType storage) {
  auto type = type_of_input(node, 0);
  if (type.kind == ValueKind::string) type.kind = ValueKind::tensor;
  type.storage = storage;
  return Types(node.node.outputs.size(), type);
}

Types infer_shape_vector(const NodeTypes& node) {
  const auto type = type_of_input(node, 0);
  const bool whole = !node.node.attributes.contains("start") && !node.node.attributes.contains("end");
  const Dim count = type.rank_known && whole ? Dim(static_cast<int64_t>(type.dims.size())) : Dim::unknown();
  return Types(node.node.outputs.size(), ValueType::tensor(&codecs::i64.info, {count}));
}

Types infer_i64_scalar(const NodeTypes& node) {
  return Types(node.node.outputs.size(), ValueType::tensor(&codecs::i64.info, {}));
}

Types infer_by_attribute(const NodeTypes& node, std::string_view attribute, StorageType fallback, bool same_dims) {
  const int64_t number = int_attribute_or(node.node, attribute, element_type_number(fallback));
  auto type = same_dims ? type_of_input(node, 0) : any_tensor(nullptr);
  type.storage = element_type(number);
  type.kind = number == 8 ? ValueKind::string : ValueKind::tensor;
  if (number != 8 && !type.storage) fail(ErrorCode::bad_input, "attribute '{}' names no element type", attribute);
  return Types(node.node.outputs.size(), type);
}

Types infer_dims(const NodeTypes& node, StorageType storage, size_t rank) {
  return Types(node.node.outputs.size(), ValueType::tensor(storage, std::vector<Dim>(rank, Dim::unknown())));
}

std::optional<size_t> count_of_vector(const ValueType& type) {
  constexpr int64_t kMostDims = 64;
  if (!type.rank_known || type.dims.size() != 1 || !type.dims[0].is_constant()) return std::nullopt;
  const int64_t count = type.dims[0].constant();
  return count <= kMostDims ? std::optional(static_cast<size_t>(count)) : std::nullopt;
}

Types infer_unknown(const NodeTypes& node) { return Types(node.node.outputs.size(), any_tensor(nullptr)); }

Types infer_same_rank(const NodeTypes& node, size_t kept) {
  auto type = type_of_input(node, 0);
  for (size_t i = kept; i < type.dims.size(); ++i) type.dims[i] = Dim::unknown();
  return Types(node.node.outputs.size(), type);
}

}  // namespace adze::ops
