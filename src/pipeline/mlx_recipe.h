// A choice of types as the "quantization" block that MLX reads in config.json.
#pragma once

#include <string>
#include <vector>

#include "quantize/mix.h"

namespace adze::pipeline {

/// {"quantization": {"group_size": 32, "bits": 4, "mode": "affine", "<module>": {…} | false}, "quantization_config":
/// …}: the most frequent type for all, and an entry per module of another type. Modules have Hugging Face's names;
/// matrices that stay floats are false. Throws Error(unsupported) that lists the tensors whose type has no equal in MLX
/// (the same codes in groups of the same size), or whose name the architecture does not have there.
std::string mlx_quantization_block(const std::string& architecture, const std::vector<quantize::TensorToStore>& tensors,
                                   const std::vector<StorageType>& types);

}  // namespace adze::pipeline
