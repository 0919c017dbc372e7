// compressed-tensors, as llm-compressor writes it: docs/formats/hf_quantized.md has the layout.
#pragma once

#include <vector>

#include "formats/hf_quantized/folder_quantization.h"
#include "model/tensor.h"

namespace adze::formats {

/// X.weight_packed, or X.weight in bytes, and X.weight_scale with what belongs to them become X.weight. What describes
/// quantized activations is left out: they are computed in floats here.
std::vector<model::Tensor> arrange_compressed_tensors(std::vector<model::Tensor> tensors,
                                                      const FolderQuantization& quantization);

}  // namespace adze::formats
