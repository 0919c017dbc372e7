// Where MLX calls weights otherwise than Hugging Face: experts are one tensor, matrices are never transposed, and some
// models have their layers elsewhere.
#pragma once

#include "formats/hf/weight_names.h"

namespace adze::formats {

/// Hugging Face's own names are understood too, as MLX does.
extern const WeightNameVariant mlx_names;

}  // namespace adze::formats
