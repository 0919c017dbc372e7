// A tensor with the values that another storage type would give back, still in its own storage.
#pragma once

#include "quantize/packed_tensor.h"

namespace adze::pipeline {

/// So a model can be judged with the errors of any codec and quantizer, on the fast kernels of its own type. Lazy; rows
/// are packed and decoded whenever somebody asks for them. Throws as quantize::packed_tensor() does.
model::Tensor rounded_tensor(const model::Tensor& tensor, const codecs::Codec& target,
                             const quantize::PackingOptions& options);

}  // namespace adze::pipeline
