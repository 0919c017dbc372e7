// A tensor of a group codec -> the arrays that Hugging Face's folders keep of it. Lazy, but an array that is transposed
// has numbers of every row in each of its rows: the first that is read makes all arrays of its matrix, on all threads
// that ask for one, and they are kept until each was read.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "codecs/group_codecs.h"
#include "formats/hf_quantized/matrix_form.h"
#include "model/tensor.h"

namespace adze::formats {

/// Of the name of a matrix, behind that of its module.
inline constexpr std::string_view kWeightEnding = ".weight";

/// The layout of codes whose groups are consecutive, or whose columns name their group; null for other storage types.
const codecs::GroupLayout* matrix_layout_of(StorageType storage);

/// The arrays of "X.weight" [outputs, inputs]. `zero_shift` is what a reader adds to stored zero points.
/// Error(unsupported) for a name or rank that no module has, or outputs and inputs that do not fill words where the
/// form cannot say how many there are. REQUIRES: a layout with the bits of the form.
std::vector<model::Tensor> split_matrix(const model::Tensor& matrix, const MatrixForm& form, int zero_shift);

}  // namespace adze::formats
