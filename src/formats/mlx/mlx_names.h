// Where MLX calls weights otherwise than Hugging Face: experts are one tensor, matrices are never transposed, and some
// models have their layers elsewhere.
#pragma once

#include "formats/hf/weight_names.h"

namespace adze::formats {

/// Hugging Face's own names are understood too, as MLX does.
extern const WeightNameVariant mlx_names;

/// Whether MLX keeps the matrix of latent attention of such models as Hugging Face does; it has two of other models.
bool keeps_latent_heads_together(std::string_view class_name);

}  // namespace adze::formats
