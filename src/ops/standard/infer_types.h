// What standard ops say about the types of their outputs. Sizes that depend on numbers are unknown.
#pragma once

#include <optional>
#include <vector>

#include "codecs/codec.h"
#include "graph/graph.h"

namespace adze::ops {

using Types = std::vector<graph::ValueType>;

/// A tensor of which the rank is not known.
graph::ValueType any_tensor(StorageType storage);
/// Of input i, or a tensor of which nothing is known.
graph::ValueType type_of_input(const graph::NodeTypes& node, size_t input);
StorageType storage_of_input(const graph::NodeTypes& node, size_t input);

/// Every output is a tensor of input 0's storage, rank unknown.
Types infer_storage(const graph::NodeTypes& node);
/// Every output is of input i's type.
template <size_t kInput = 0>
Types infer_same(const graph::NodeTypes& node) {
  return Types(node.node.outputs.size(), type_of_input(node, kInput));
}
template <size_t kInput>
Types infer_storage_of(const graph::NodeTypes& node) {
  return Types(node.node.outputs.size(), any_tensor(storage_of_input(node, kInput)));
}
/// All inputs broadcast together; the storage is that of the first input given.
Types infer_broadcast(const graph::NodeTypes& node);
/// The same with results of a certain storage.
Types infer_broadcast_as(const graph::NodeTypes& node, StorageType storage);
inline Types infer_broadcast_flags(const graph::NodeTypes& node) {
  return infer_broadcast_as(node, &codecs::boolean.info);
}
/// Input 0's dimensions with another storage.
Types infer_same_as(const graph::NodeTypes& node, StorageType storage);
inline Types infer_same_flags(const graph::NodeTypes& node) { return infer_same_as(node, &codecs::boolean.info); }
/// Tensors of a storage, rank unknown.
template <const codecs::Codec* kCodec>
Types infer_fixed(const graph::NodeTypes& node) {
  return Types(node.node.outputs.size(), any_tensor(&kCodec->info));
}
/// A vector of as many integers as input 0 has dimensions; a scalar.
Types infer_shape_vector(const graph::NodeTypes& node);
Types infer_i64_scalar(const graph::NodeTypes& node);
/// By the attribute that holds an element type, else the fallback; `same_dims` as input 0.
Types infer_by_attribute(const graph::NodeTypes& node, std::string_view attribute, StorageType fallback,
                         bool same_dims);
/// Every output is of a storage and has so many dimensions, none of which is known.
Types infer_dims(const graph::NodeTypes& node, StorageType storage, size_t rank);
/// How many numbers a vector has, as far as its type says it: a rank at most.
std::optional<size_t> count_of_vector(const graph::ValueType& type);
/// Nothing is known about the outputs but that they are tensors.
Types infer_unknown(const graph::NodeTypes& node);
/// Same rank as input 0, all dimensions but the first `kept` unknown.
Types infer_same_rank(const graph::NodeTypes& node, size_t kept);
template <size_t kKept>
Types infer_rank(const graph::NodeTypes& node) {
  return infer_same_rank(node, kKept);
}

}  // namespace adze::ops
