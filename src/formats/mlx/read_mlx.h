#pragma once

#include <string>

#include "formats/format.h"

namespace adze::formats {

/// True for a folder like Hugging Face's whose config.json has a "quantization" of MLX, or whose weights say that MLX
/// wrote them.
bool is_mlx_folder(const std::string& path);

/// Reads an MLX folder into canonical names; quantized weights become members of the family of group codecs.
model::Model read_mlx(const std::string& path, const ReadOptions& options = {});

}  // namespace adze::formats
