// Which format a new model gets: the one that is asked for, or the one that the target's name says.
#pragma once

#include <string>

#include "formats/format.h"

namespace adze::pipeline {

/// What is wrong with a target, and what to say instead; empty where nothing is. Names with an ending that no format
/// has are refused unless a format is named, and those whose ending belongs to another format always.
std::string target_fault(const std::string& format, const std::string& path);

/// The same for models that carry their computation.
std::string graph_target_fault(const std::string& format, const std::string& path);

/// The format for a new file: by its name if given, else by the end of `path` ("*.gguf", "*.safetensors", "*-mlx",
/// "*-gptq" …; a name without an ending is a folder of Hugging Face). Error(unsupported) if the format cannot be
/// written, Error(bad_input) with target_fault().
const formats::Format& target_format(const std::string& name, const std::string& path);

}  // namespace adze::pipeline
