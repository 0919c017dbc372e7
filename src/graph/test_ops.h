// A few small ops and storage types for tests and fuzzing of everything that works on any Graph.
#pragma once

#include <fmt/format.h>

#include <array>

#include "base/error.h"
#include "graph/graph.h"

namespace adze::graph::test {

inline constexpr CodecInfo kF32{"f32", "32-bit float", 1, 4};
inline constexpr CodecInfo kF16{"f16", "16-bit float", 1, 2};
inline constexpr CodecInfo kQ4_0{"q4_0", "4-bit blocks of 32 with a scale", 32, 18};
inline constexpr std::array<StorageType, 3> kStorages{&kF32, &kF16, &kQ4_0};

inline const ValueType& required(const NodeTypes& node, size_t input, ValueKind kind) {
  if (input >= node.inputs.size() || !node.inputs[input]) fail(ErrorCode::bad_input, "input {} is missing", input);
  if (node.inputs[input]->kind != kind) fail(ErrorCode::bad_input, "input {} is of the wrong kind", input);
  return *node.inputs[input];
}

/// add(a, b): same dimensions.
inline constexpr OpSchema kAdd{"add", "element-wise sum", [](const NodeTypes& node) {
                                 const auto& a = required(node, 0, ValueKind::tensor);
                                 if (!types_agree(a, required(node, 1, ValueKind::tensor))) {
                                   fail(ErrorCode::bad_input, "operands differ");
                                 }
                                 return std::vector<ValueType>{a};
                               }};

/// linear(x [T, in], weight [out, in], optional bias) -> [T, out], with attribute `activation`.
inline constexpr OpSchema kLinear{"linear", "matrix product with a weight", [](const NodeTypes& node) {
                                    const auto& x = required(node, 0, ValueKind::tensor);
                                    const auto& weight = required(node, 1, ValueKind::tensor);
                                    if (x.dims.size() != 2 || weight.dims.size() != 2) {
                                      fail(ErrorCode::bad_input, "operands are not matrices");
                                    }
                                    if (!x.dims[1].may_equal(weight.dims[1])) {
                                      fail(ErrorCode::bad_input, "inner dimensions differ");
                                    }
                                    return std::vector{ValueType::tensor(x.storage, {x.dims[0], weight.dims[0]})};
                                  }};

/// halve(x) -> twice the type of x.
inline constexpr OpSchema kHalve{"halve", "two outputs", [](const NodeTypes& node) {
                                   const auto& x = required(node, 0, ValueKind::tensor);
                                   return std::vector<ValueType>{x, x};
                                 }};

inline constexpr OpSchema kAppendState{"append_state", "writes", [](const NodeTypes& node) {
                                         required(node, 0, ValueKind::state);
                                         required(node, 1, ValueKind::tensor);
                                         required(node, 2, ValueKind::batch);
                                         return std::vector{required(node, 3, ValueKind::effect)};
                                       }};

inline constexpr OpSchema kReadState{"read_state", "reads", [](const NodeTypes& node) {
                                       const auto& state = required(node, 0, ValueKind::state);
                                       required(node, 1, ValueKind::batch);
                                       required(node, 2, ValueKind::effect);
                                       return std::vector{ValueType::tensor(state.storage, state.dims)};
                                     }};

/// run(any inputs…) -> the outputs' types are those of its one sub-graph; an effect input adds an effect output.
inline constexpr OpSchema kRun{"run", "runs its sub-graph", [](const NodeTypes& node) {
                                 if (node.node.subgraphs.size() != 1) fail(ErrorCode::bad_input, "needs one sub-graph");
                                 const Graph& body = *node.node.subgraphs[0];
                                 std::vector<ValueType> types;
                                 for (const ValueId id : body.outputs) {
                                   if (id >= body.values.size()) fail(ErrorCode::bad_input, "bad output");
                                   types.push_back(body.value(id).type);
                                 }
                                 return types;
                               }};

/// log(x): no outputs.
inline constexpr OpSchema kLog{"log", "no outputs", [](const NodeTypes& node) {
                                 required(node, 0, ValueKind::tensor);
                                 return std::vector<ValueType>{};
                               }};

inline constexpr std::array<const OpSchema*, 7> kOps{&kAdd,       &kLinear, &kHalve, &kAppendState,
                                                     &kReadState, &kRun,    &kLog};

inline Graph parse(std::string_view text) { return from_text(text, kOps, kStorages); }

}  // namespace adze::graph::test
