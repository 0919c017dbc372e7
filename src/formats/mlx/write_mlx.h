#pragma once

#include <string>

#include "formats/format.h"

namespace adze::formats {

/// Writes a new folder as mlx-lm does: quantized weights as arrays of codes, scales and biases, the rest as it is.
/// Error(unsupported) for a storage type that MLX cannot hold.
void write_mlx(const model::Model& model, const std::string& path, const WriteOptions& options = {});

}  // namespace adze::formats
