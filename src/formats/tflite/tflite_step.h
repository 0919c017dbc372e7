// One operator of a TFLite graph about to become standard ops: what its meaning (tflite_meanings.h) reads and writes.
//
// A quantized tensor is a value of integers here; `real` is what it stands for. Operators without integer arithmetic of
// their own compute with those and are quantized again.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/codec.h"
#include "formats/standard_nodes.h"
#include "formats/tflite/tflite_model.h"

namespace adze::formats {

class TfliteImporter;

/// ActivationFunctionType, with its numbers.
enum class TfliteActivation : int8_t { none = 0, relu = 1, relu_n1_to_1 = 2, relu6 = 3, tanh = 4, sign_bit = 5 };

class TfliteStep {
 public:
  using ValueId = graph::ValueId;

  TfliteStep(const TfliteOperator& operation, TfliteImporter& importer);

  StandardNodes& nodes() { return nodes_; }
  TfliteImporter& importer() { return importer_; }
  const FlatTable& options() const { return operation_.options; }

  // ---- inputs
  size_t input_count() const { return operation_.inputs.size(); }
  size_t output_count() const { return operation_.outputs.size(); }
  bool has(size_t index) const;
  /// As it is stored.
  ValueId input(size_t index);
  /// What it stands for: dequantized where it is quantized.
  ValueId real(size_t index);
  std::vector<ValueId> reals();
  const TfliteTensor& tensor(size_t index) const;
  const TfliteTensor& output_tensor(size_t index) const;
  /// Eight or sixteen bits with scales.
  bool is_quantized(size_t index) const { return has(index) && tensor(index).scales.has_value(); }
  bool output_is_quantized(size_t index = 0) const { return output_tensor(index).scales.has_value(); }
  /// Eight bits with one scale.
  static bool has_bytes(const TfliteTensor& tensor);
  /// Whether input and output are integers that stand for the same numbers.
  bool same_scales(size_t input, size_t output = 0) const;
  int64_t rank(size_t index) { return nodes_.require_rank(input(index)); }
  std::vector<int64_t> dims(size_t index) { return nodes_.require_dims(input(index)); }
  std::vector<int64_t> constant_integers(size_t index) { return nodes_.require_integers(input(index)); }
  int64_t constant_integer(size_t index);
  /// Integers as i64 [n].
  ValueId integer_list(size_t index);
  ValueId wide(size_t index) { return nodes_.cast(input(index), &codecs::i64.info); }

  // ---- quantized numbers as nodes
  ValueId scale_of(const TfliteTensor& tensor);
  ValueId zero_of(const TfliteTensor& tensor);

  // ---- outputs
  void give(size_t output, ValueId value);
  void give(ValueId value) { give(0, value); }
  /// Floats, quantized where the output is.
  void give_real(size_t output, ValueId value);
  void give_real(ValueId value) { give_real(0, value); }
  /// The activation that the operator ends with.
  ValueId activated(ValueId real, TfliteActivation activation);
  /// The same of integers with the output's scale.
  ValueId activated_integers(ValueId integers, TfliteActivation activation);
  TfliteActivation activation(size_t field) const {
    return static_cast<TfliteActivation>(operation_.options.number<int8_t>(field, 0));
  }

  [[noreturn]] void refuse(std::string_view what) const;

 private:
  const TfliteOperator& operation_;
  TfliteImporter& importer_;
  StandardNodes& nodes_;
};

}  // namespace adze::formats
