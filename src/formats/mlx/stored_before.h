// How weights were stored before they came to MLX, as config.json keeps it under a key that other programs skip:
//
//   "adze": {"stored_before": {"*": "q4_1", "model.embed_tokens": "q6_k"}}
#pragma once

#include <span>
#include <string>

#include "base/json.h"
#include "model/tensor.h"

namespace adze::formats {

/// Null where nothing is remembered or the type is not known here. `module` is a weight's name without ".weight".
StorageType mlx_stored_before(const Json& config, const std::string& module);

/// The value for "adze", from the quantized ones of `tensors`; null when there is nothing to say.
Json mlx_memory_of(std::span<const model::Tensor> tensors);

}  // namespace adze::formats
