#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "formats/format.h"

namespace adze::formats {

bool is_gguf(const std::string& path);

/// Opens a GGUF file, or every part of a split one when given any part.
model::Model read_gguf(const std::string& path, const ReadOptions& options = {});

/// By its name alone: "…-00001-of-00003.gguf".
bool is_gguf_part(const std::string& path);

/// How many tensors each file of a model in several files has; empty for other models.
std::vector<size_t> gguf_tensors_per_part(const std::string& path);

}  // namespace adze::formats
