#pragma once

#include <string>

#include "formats/format.h"

namespace adze::formats {

/// A Modelfile, or a manifest in Ollama's store.
bool is_ollama(const std::string& path);

/// The GGUF model that either means. What it says about sampling, stop texts and the system message becomes
/// Model::generation ("stop_strings", "system_prompt" …) and wins over the file's own. The file's own chat template
/// stays: Go templates are not interpreted. Adapters are a warning, projectors are left out.
model::Model read_ollama(const std::string& path, const ReadOptions& options = {});

}  // namespace adze::formats
