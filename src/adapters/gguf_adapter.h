// llama.cpp's adapters: a GGUF file of the type "adapter" with `NAME.lora_a` and `NAME.lora_b`. docs/formats/gguf.md
// has the keys.
#pragma once

#include <string>

#include "model/adapter.h"

namespace adze::adapters {

bool is_gguf_adapter(const std::string& path);
model::Adapter read_gguf_adapter(const std::string& path, const model::Model& base);

/// Error(unsupported) for what llama.cpp would not apply: magnitudes, whole tensors, several alphas, changes of an
/// embedding that is the head too.
void write_gguf_adapter(const model::Adapter& adapter, const model::Model& base, const std::string& path);

}  // namespace adze::adapters
