// Weights of 8-bit floats with a scale for every block of a matrix: docs/formats/fp8.md.
#pragma once

#include <vector>

#include "formats/hf_quantized/folder_quantization.h"
#include "model/tensor.h"

namespace adze::formats {

/// X.weight of f8_e4m3 (or f8_e5m2) and X.weight_scale_inv (or X.weight_scale) become X.weight. Scales of activations
/// are left out. Error(bad_input) naming a weight without scales, or scales of another shape than its blocks.
std::vector<model::Tensor> arrange_fp8(std::vector<model::Tensor> tensors, const FolderQuantization& quantization);

}  // namespace adze::formats
