// Tensors of group codecs, and plain ones, as the tensors of an ONNX graph.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "codecs/group_codecs.h"
#include "formats/group_planes.h"
#include "formats/onnx_lowering/graph_builder.h"
#include "model/tensor.h"

namespace adze::formats {

/// Whether a graph may use the ops of ONNX Runtime's own (domain com.microsoft) or those of the standard alone.
enum class OnnxDialect { standard, onnxruntime };

/// The type of plain numbers; Error(unsupported) naming the tensor for others.
OnnxType onnx_type_of(const model::Tensor& tensor);

/// Integers of 4 and 8 bits (ONNX Runtime: 2 too) in groups of 16, 32, 64 or 128, with a float32 scale, and perhaps a
/// zero point or an offset; fewest bits first.
std::span<const StorageType> onnx_packed_types(OnnxDialect dialect);

/// What graphs compute with in float32 stays in float32: vectors, norms, biases. Matrices of floats stay what they are.
StorageType onnx_storage(const model::Tensor& tensor, StorageType wanted);

/// A matrix of plain numbers as float32, whatever it is stored as; [rows, columns] as it lies.
std::string add_float_weight(OnnxGraphBuilder& out, const model::Tensor& tensor);
/// The same without the conversion.
std::string add_stored_weight(OnnxGraphBuilder& out, const model::Tensor& tensor);

/// A matrix of codes [rows, columns] with a scale for each group of a row.
struct PackedMatrix {
  const model::Tensor& tensor;
  const codecs::GroupLayout& layout;
  GroupPlanes planes;

  /// Empty for other tensors. Error(unsupported) for a group codec that is not in onnx_packed_types().
  static std::optional<PackedMatrix> of(const model::Tensor& tensor, OnnxDialect dialect);

  int64_t rows() const { return tensor.shape[0]; }
  int64_t columns() const { return tensor.shape.row_length(); }
  int64_t groups() const { return columns() / layout.group; }
  bool has_offsets() const { return layout.offset == codecs::GroupOffset::offset; }
  bool has_zero_points() const { return layout.offset == codecs::GroupOffset::zero_point; }

  // Each is kept once, if it is asked for, and the forms of the codes share their bytes.
  std::string codes(OnnxGraphBuilder& out) const;         // uint8 [rows, groups, bytes of a group]
  std::string code_rows(OnnxGraphBuilder& out) const;     // uint8 [rows, bytes of a row]
  std::string code_numbers(OnnxGraphBuilder& out) const;  // uint4 or uint8 [rows, columns]
  std::string scales(OnnxGraphBuilder& out) const;        // float32 [rows, groups]
  std::string offsets(OnnxGraphBuilder& out) const;       // float32 [rows, groups]; REQUIRES: has_offsets()
  std::string zero_bytes(OnnxGraphBuilder& out) const;    // uint8 [rows, groups]; REQUIRES: has_zero_points()
  /// The code that stands for 0, packed row by row as the codes are: uint8 [rows, bytes]. Where there are offsets, it
  /// is 0.
  std::string zero_rows(OnnxGraphBuilder& out) const;
  /// The same as numbers: uint4 or uint8 [rows, groups].
  std::string zero_numbers(OnnxGraphBuilder& out) const;
  /// The code that stands for 0 where all groups have the same: half of all codes, or 0 where there are offsets.
  int common_zero() const { return has_offsets() ? 0 : 1 << (layout.bits - 1); }

 private:
  void add_parts(OnnxGraphBuilder& out) const;
  std::string form_of_codes(OnnxGraphBuilder& out, std::string_view ending, OnnxType type,
                            std::vector<int64_t> dims) const;
};

}  // namespace adze::formats
