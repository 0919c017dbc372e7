// Folders of mlx-lm: adapter_config.json beside adapters.safetensors. docs/formats/mlx-adapter.md has the names.
#pragma once

#include <string>

#include "model/adapter.h"

namespace adze::adapters {

bool is_mlx_adapter(const std::string& path);
model::Adapter read_mlx_adapter(const std::string& path, const model::Model& base);

/// Error(unsupported) for what mlx-lm has no place for: several ranks or scales, whole tensors beside pairs, an
/// embedding that is changed otherwise than the head that shares its weight.
void write_mlx_adapter(const model::Adapter& adapter, const model::Model& base, const std::string& path);

}  // namespace adze::adapters
