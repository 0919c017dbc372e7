// What the folders of adapters have in common: a config, and tensors in one file of a known name.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "model/tensor.h"

namespace adze::adapters {

inline constexpr const char* kAdapterConfigFile = "adapter_config.json";

bool has_file(const std::string& folder, const char* name);
std::string path_in(const std::string& folder, const char* name);

/// A new folder with the config and the tensors as safetensors under `tensor_file`.
void write_adapter_folder(const std::string& path, const Json& config, std::vector<model::Tensor> tensors,
                          const char* tensor_file);

}  // namespace adze::adapters
