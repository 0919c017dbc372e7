// The matrix of latent attention that makes keys and values of a short row: one tensor of Hugging Face's, head by head
// the rows of keys and those of values; two as tables of names have them, keys turned round.
//
//   together   [heads * (keys + values), latent]
//   apart      [heads, latent, keys] and [heads, values, latent]
#pragma once

#include <vector>

#include "architectures/architecture.h"
#include "model/model.h"

namespace adze::formats {

/// Error(bad_input) naming a tensor that does not divide into the heads of `config`. Quantized ones become floats.
std::vector<model::Tensor> with_latent_heads_apart(std::vector<model::Tensor> tensors,
                                                   const architectures::Architecture& architecture,
                                                   const model::KeyValues& config);

/// The inverse.
std::vector<model::Tensor> with_latent_heads_together(std::vector<model::Tensor> tensors,
                                                      const architectures::Architecture& architecture);

}  // namespace adze::formats
