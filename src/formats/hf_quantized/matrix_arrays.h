// A quantized matrix as the arrays that Hugging Face's folders keep of it -> one lazy tensor of a group codec.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codecs/group_codecs.h"
#include "formats/hf_quantized/code_arrays.h"

namespace adze::formats {

struct CodeArray {
  model::Tensor tensor;
  CodeLayout layout;
};

struct ScaleArray {
  model::Tensor tensor;
  ScaleLayout layout;
};

struct MatrixArrays {
  MatrixSize size;
  int64_t group;  // inputs that share a scale
  codecs::GroupLevels levels = codecs::GroupLevels::integers;
  CodeArray codes;
  ScaleArray scales;
  std::optional<CodeArray> zeros = std::nullopt;  // without: half of the number of codes
  bool has_one_zero = false;                      // for the whole matrix
  int zero_shift = 0;  // added to a stored zero point, which begins anew beyond the last code
  /// The group of every input, where they are not consecutive; null otherwise. Each is below the number of groups.
  std::shared_ptr<const std::vector<uint16_t>> column_groups = nullptr;

  int64_t groups() const { return (size.inputs + group - 1) / group; }
  int bits() const { return codes.layout.packing->bits; }
};

/// The group of every input from an array [inputs] of such (null: consecutive groups, the last of which may be
/// shorter). Null where they are consecutive and whole. Error(bad_input) for groups that there are not.
std::shared_ptr<const std::vector<uint16_t>> read_column_groups(const model::Tensor* order, int64_t inputs,
                                                                int64_t group);

/// Error(bad_input) naming the array whose shape or type does not fit the others.
void check_arrays(const MatrixArrays& arrays);

/// Whether every zero point is half of the number of codes. Reads them. REQUIRES: check_arrays() passed.
bool is_symmetric(const MatrixArrays& arrays);

/// The tensor [outputs, inputs] with the values of the arrays: of the member of the family of group codecs with zero
/// points if `has_zeros`, else without. Error(unsupported) where there is no such member.
/// REQUIRES: check_arrays() passed; without zero points is_symmetric().
model::Tensor joined_matrix(std::string name, const MatrixArrays& arrays, bool has_zeros);

/// The tensors "X.weight" by module X. All have zero points if any of them needs some, so that what belongs together
/// (the experts of a layer) has one type. REQUIRES: check_arrays() passed for all.
std::map<std::string, model::Tensor> joined_matrices(const std::map<std::string, MatrixArrays>& by_module);

}  // namespace adze::formats
