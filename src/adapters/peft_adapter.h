// Folders of PEFT: adapter_config.json beside adapter_model.safetensors or adapter_model.bin. docs/formats/peft.md has
// the names.
#pragma once

#include <string>

#include "model/adapter.h"

namespace adze::adapters {

bool is_peft_adapter(const std::string& path);
model::Adapter read_peft_adapter(const std::string& path, const model::Model& base);

/// Always safetensors. Error(unsupported) for what PEFT has no place for: a magnitude for some changes only, biases of
/// a few modules.
void write_peft_adapter(const model::Adapter& adapter, const model::Model& base, const std::string& path);

}  // namespace adze::adapters
