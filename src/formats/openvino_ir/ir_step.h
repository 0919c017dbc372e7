// One layer of an IR about to become standard ops: what its meaning (ir_meanings.h) reads and writes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/openvino_ir/ir_document.h"
#include "formats/standard_nodes.h"

namespace adze::formats {

class IrImporter;

class IrStep {
 public:
  using ValueId = graph::ValueId;

  IrStep(const IrLayer& layer, std::vector<ValueId> inputs, StandardNodes& nodes, IrImporter& importer)
      : layer_(layer), inputs_(std::move(inputs)), nodes_(nodes), importer_(importer), outputs_(layer.outputs.size()) {}

  const IrLayer& layer() const { return layer_; }
  StandardNodes& nodes() { return nodes_; }
  IrImporter& importer() { return importer_; }
  /// 1 for "opset1".
  int64_t opset() const;

  // ---- inputs
  size_t input_count() const { return inputs_.size(); }
  bool has(size_t index) const { return index < inputs_.size(); }
  /// Error(bad_input) when it is missing.
  ValueId input(size_t index) const;
  const std::vector<ValueId>& inputs() const { return inputs_; }
  StorageType storage(size_t index) const { return nodes_.storage(input(index)); }
  /// Error(unsupported) when it is not known before the graph runs.
  StorageType known_storage(size_t index) const;
  int64_t rank(size_t index) const { return nodes_.require_rank(input(index)); }
  std::vector<int64_t> dims(size_t index) const { return nodes_.require_dims(input(index)); }
  std::vector<int64_t> constant_integers(size_t index) const { return nodes_.require_integers(input(index)); }
  int64_t constant_integer(size_t index) const;
  /// Numbers of a small constant, of whatever type; also of one that is stored in 16 bits and widened.
  std::optional<std::vector<double>> constant_numbers(size_t index) const;
  /// Integers as i64 [n], whether they are a vector or one number.
  ValueId integer_list(size_t index);

  // ---- attributes
  std::string word(std::string_view name, std::string_view fallback) const;
  int64_t integer(std::string_view name, int64_t fallback) const;
  double number(std::string_view name, double fallback) const;
  bool flag(std::string_view name, bool fallback) const;
  std::vector<int64_t> integers(std::string_view name) const;
  /// An attribute that names an element type.
  StorageType type(std::string_view name, std::string_view fallback) const;

  // ---- outputs
  bool wants(size_t output) const { return output < outputs_.size(); }
  void give(ValueId value) { give(0, value); }
  void give(size_t output, ValueId value);
  /// By output; kNoValue: none was given.
  const std::vector<std::optional<ValueId>>& outputs() const { return outputs_; }

  /// Error(unsupported).
  [[noreturn]] void refuse(std::string_view what) const;

 private:
  const IrLayer& layer_;
  std::vector<ValueId> inputs_;
  StandardNodes& nodes_;
  IrImporter& importer_;
  std::vector<std::optional<ValueId>> outputs_;
};

}  // namespace adze::formats
