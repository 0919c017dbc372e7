#include "ops/schema_checks.h"

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::ops {
namespace {

const char* kind_name(graph::ValueKind kind) {
  switch (kind) {
    case graph::ValueKind::tensor:
      return "a tensor";
    case graph::ValueKind::batch:
      return "the batch";
    case graph::ValueKind::state:
      return "a state";
    case graph::ValueKind::effect:
      return "an effect";
    case graph::ValueKind::sequence:
      return "a sequence";
    case graph::ValueKind::optional:
      return "an optional";
    case graph::ValueKind::string:
      return "a string";
  }
  return "a value";
}

void require_rank(const graph::ValueType& type, size_t rank, std::string_view what) {
  if (type.rank_known && type.dims.size() != rank) {
    fail(ErrorCode::bad_input, "{} must have {} dimensions, but has {}", what, rank, type.dims.size());
  }
}

}  // namespace

bool has_input(const graph::NodeTypes& node, size_t index) {
  return index < node.inputs.size() && node.inputs[index] != nullptr;
}

const graph::ValueType& require_input(const graph::NodeTypes& node, size_t index, graph::ValueKind kind,
                                      std::string_view what) {
  if (!has_input(node, index)) fail(ErrorCode::bad_input, "input {} ({}) is missing", index, what);
  const graph::ValueType& type = *node.inputs[index];
  if (type.kind != kind)
    fail(ErrorCode::bad_input, "{} must be {}, but is {}", what, kind_name(kind), kind_name(type.kind));
  return type;
}

const graph::ValueType& require_f32(const graph::NodeTypes& node, size_t index, size_t rank, std::string_view what) {
  const auto& type = require_weight(node, index, rank, what);
  if (type.storage && type.storage != &codecs::f32.info) {
    fail(ErrorCode::bad_input, "{} must be stored as f32, but is {}", what, type.storage->name);
  }
  return type;
}

const graph::ValueType& require_weight(const graph::NodeTypes& node, size_t index, size_t rank, std::string_view what) {
  const auto& type = require_input(node, index, graph::ValueKind::tensor, what);
  require_rank(type, rank, what);
  return type;
}

void require_input_count(const graph::NodeTypes& node, size_t minimum, size_t maximum) {
  if (node.inputs.size() < minimum || node.inputs.size() > maximum) {
    fail(ErrorCode::bad_input, "takes {} to {} inputs, but has {}", minimum, maximum, node.inputs.size());
  }
}

void require_equal_dims(const graph::Dim& a, const graph::Dim& b, std::string_view what) {
  if (!a.may_equal(b)) fail(ErrorCode::bad_input, "{} do not match: {} and {}", what, a.constant(), b.constant());
}

const graph::ValueType& require_gate_and_up(const graph::NodeTypes& node) {
  require_input_count(node, 2, 2);
  const auto& gate = require_f32(node, 0, 2, "gate");
  const auto& up = require_f32(node, 1, 2, "up");
  for (size_t axis = 0; axis < 2; ++axis) require_equal_dims(gate.dims[axis], up.dims[axis], "shapes of gate and up");
  return gate;
}

}  // namespace adze::ops
