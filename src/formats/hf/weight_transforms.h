// What happens to a weight between Hugging Face's form and the canonical one: order of rows within heads, groups of
// fused projections, shifts, transposition.
#pragma once

#include "architectures/architecture.h"
#include "model/tensor.h"

namespace adze::formats {

enum class Direction {
  to_canonical,
  to_hugging_face,
};

/// The tensor transformed, lazily where it is large. `none` returns it unchanged. Error(bad_input) naming the tensor if
/// its rows do not divide into the heads of the config.
model::Tensor transformed(model::Tensor tensor, architectures::Transform transform, const model::KeyValues& config,
                          Direction direction);

/// Quantized matrices are [outputs, inputs] even where floats are the other way round.
architectures::Transform transform_of_stored(const model::Tensor& tensor, architectures::Transform transform);

}  // namespace adze::formats
