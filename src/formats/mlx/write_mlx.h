#pragma once

#include <string>

#include "formats/format.h"

namespace adze::formats {

/// Writes a new folder as mlx-lm does: quantized weights as arrays of codes, scales and biases, the rest as it is.
/// Error(unsupported) for a storage type that MLX cannot hold.
void write_mlx(const model::Model& model, const std::string& path, const WriteOptions& options = {});

/// What writing keeps in memory of the largest tensor, beside the rows in hand: its scales and biases, which come out
/// of the same computation as its codes and are written after them.
int64_t mlx_kept_bytes(const model::TensorList& tensors);

}  // namespace adze::formats
