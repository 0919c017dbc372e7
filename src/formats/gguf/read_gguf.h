#pragma once

#include <string>

#include "formats/format.h"

namespace adze::formats {

bool is_gguf(const std::string& path);

/// Opens a GGUF file, or every part of a split one when given any part.
model::Model read_gguf(const std::string& path, const ReadOptions& options = {});

}  // namespace adze::formats
