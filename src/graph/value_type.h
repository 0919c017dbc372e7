// What a value of the Graph is at run time.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/dim.h"
#include "tensor/codec_info.h"

namespace adze::graph {

enum class ValueKind {
  tensor,    // numbers of one storage type, which may be quantized
  batch,     // the packed sequences of a forward call: offsets, positions, block table, rows that need logits
  state,     // memory that outlives a forward call, such as the keys of one layer
  effect,    // orders reads and writes of states; carries no data
  sequence,  // a list of values of one type (imported graphs)
  optional,  // a value or nothing (imported graphs)
  string,    // text tensor (imported graphs)
};

struct ValueType {
  ValueKind kind = ValueKind::tensor;
  StorageType storage = nullptr;  // tensor, state; null: bound late (a weight)
  std::vector<Dim> dims;          // tensor, state, string; outermost first. batch: [rows, rows that need logits]
  bool rank_known = true;         // false: an imported graph does not say
  std::shared_ptr<const ValueType> element;  // sequence, optional

  static ValueType tensor(StorageType storage, std::vector<Dim> dims) {
    return {ValueKind::tensor, storage, std::move(dims), true, nullptr};
  }
  static ValueType state(StorageType storage, std::vector<Dim> dims) {
    return {ValueKind::state, storage, std::move(dims), true, nullptr};
  }
  static ValueType of_kind(ValueKind kind) { return {kind, nullptr, {}, true, nullptr}; }
};

/// What may stand inside one another: sequence<optional<…>>. Bounds the recursion over types.
inline constexpr int kMaxTypeDepth = 16;

/// "f32[T, 576]", "state f16[?, 64]", "?[8]" (storage bound late), "f32[...]" (rank unknown), "sequence<f32[]>",
/// "batch[T, R]".
std::string to_string(const ValueType& type, std::span<const Symbol> symbols);

/// Same kind and, where both are known, same storage, rank and constant dimensions.
/// `same_symbols` false: the two types belong to different graphs, so symbols are not compared.
bool types_agree(const ValueType& a, const ValueType& b, bool same_symbols = true);

}  // namespace adze::graph
